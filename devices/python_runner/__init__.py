"""The python runner, by the file names of the native one; pushed to a device as one zip (`bundle`)."""
