"""Two graphs that ought to compute the same: which tensors belong together, and which layer of one departs."""
