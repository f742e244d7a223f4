"""Models from git, by the user's own `git`: which commit a model is of, and its file."""
