"""Linux devices over the user's own OpenSSH."""
