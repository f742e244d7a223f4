"""What can be measured on a device, how precisely, and what is in the way: `bakeoff doctor`."""
