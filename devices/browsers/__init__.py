"""Browsers of a device: which it has, and which of them an arm means."""
