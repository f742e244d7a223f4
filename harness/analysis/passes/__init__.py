"""How what a pass measured becomes levels and effects: one file a pass, all of one shape."""
