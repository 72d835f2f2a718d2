"""Watch the GIL of this process, from another process or from a thread."""
