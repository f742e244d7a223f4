"""Pictures or tensors in, a score or a map of anomalies out: compared with which items are normal."""
