"""A whole command each: the floor that knows runs, analysis and reports together."""
