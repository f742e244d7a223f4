"""Where models run, and what can be read there."""
