"""Pictures or tensors in, a score for each class out: compared with labels."""
