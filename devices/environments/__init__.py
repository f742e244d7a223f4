"""Python runtimes provisioned on a device."""
