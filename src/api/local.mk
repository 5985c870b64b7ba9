# Sources of src/api/.
