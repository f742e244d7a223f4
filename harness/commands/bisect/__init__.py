"""`bakeoff bisect`: from a good and a bad commit to the one that made the difference."""
