# Sources of src/crypto/.
