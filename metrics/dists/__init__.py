"""Deep image structure and texture similarity."""
