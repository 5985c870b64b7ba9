# Sources of src/common/.
