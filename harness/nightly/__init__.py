"""What a night is made of: its suite, its models from git, its devices and its minutes."""
