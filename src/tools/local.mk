# Sources of src/tools/.
