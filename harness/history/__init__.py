"""What was measured over the nights: rows, the database that keeps them, and what changed in them."""
