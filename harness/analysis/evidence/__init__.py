"""What the measurements say of a quantity, of each arm and between arms."""
