"""Pictures or tensors in, a class for each pixel out: compared with label masks."""
