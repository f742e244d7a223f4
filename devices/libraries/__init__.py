"""Shared libraries of runtimes: where they are found, and what is known of their files."""
