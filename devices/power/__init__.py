"""Where energy can be read on a device, how far each source is to be trusted, and what blocks of work took by it."""
