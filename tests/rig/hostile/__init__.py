"""Devices that lie: small programs in the place of a runner, a shell and a tar. See README.md."""
