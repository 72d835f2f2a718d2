"""What objects and state that calls share do in threads, after a fork and in new processes: tables with sources."""
