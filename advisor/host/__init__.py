"""What this host allows, and what its pools cost."""
