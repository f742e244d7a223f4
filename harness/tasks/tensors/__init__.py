"""Tensors in, tensors out, as they lie in .npy files: for models of any kind, compared number by number."""
