"""Building the native runner for a target."""
