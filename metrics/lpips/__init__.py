"""Learned perceptual image patch similarity."""
