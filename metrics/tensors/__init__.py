"""Tensors compared number by number: for models whose outputs are not pictures, labels or text."""
