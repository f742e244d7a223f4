"""Files that a comparison can be written as: one file a format, all of the same shape."""
