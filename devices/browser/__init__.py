"""What runs in a browser, and the names of what is told about it."""
