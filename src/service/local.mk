# Sources of src/service/.
