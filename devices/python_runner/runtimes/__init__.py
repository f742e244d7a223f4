"""How a worker drives each runtime."""
