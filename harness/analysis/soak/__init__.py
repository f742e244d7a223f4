"""From a soak's windows to what it found."""
