# Sources of src/auth/.
