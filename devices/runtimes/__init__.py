"""Runtimes that arms can name: one file each."""
