"""The files between the floors, typed."""
