"""What model files say of themselves, read without a runtime."""
