"""Android devices over the user's own adb."""
