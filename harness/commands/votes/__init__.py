"""Asking people: the pages of blind looks, and the votes that come back."""
