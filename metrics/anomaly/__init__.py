"""Metrics of anomaly scores and maps, against which items, and which of their pixels, are anomalous."""
