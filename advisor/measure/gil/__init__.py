"""Watch who holds the GIL, from another process or from a thread."""
