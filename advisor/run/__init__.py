"""Run calls under a strategy."""
