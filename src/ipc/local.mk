# Sources of src/ipc/.
