"""Images in, images out: super-resolution, denoising, and their kind."""
