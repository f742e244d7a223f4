"""Measuring on devices: start, follow, restart, fetch."""
