"""From a plan to a device that is ready for it."""
