"""Native libraries of runtimes: found, fetched, checked."""
