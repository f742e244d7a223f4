"""Renderings of nightly.json, one file each."""
