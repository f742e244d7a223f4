"""Under which conditions was measured, and what to say of them."""
