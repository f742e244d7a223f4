"""When a pass has shown enough."""
