"""Browsers of a device: which it has, which of them an arm means, and the page that measures in one."""
