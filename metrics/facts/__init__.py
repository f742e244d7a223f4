"""The facts of every score, one file each, and how its metric is opened; light to import."""
