"""What goes into a model of any task whose outputs are not pictures: a picture, or a tensor from a .npy file."""
