"""A run: its plan, its folder, and the way from a device made ready to records brought home."""
