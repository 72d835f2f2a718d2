"""Read a task that somebody described in words or rough figures."""
