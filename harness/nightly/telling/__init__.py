"""Telling people and monitors of a night: one file a way, all of the same shape."""
