"""Engines of web pages brought to this computer: packages of npm, and of them the files that a page needs."""
