"""Explores how concurrent calls of a function can interleave, and finds races and deadlocks (see `search`)."""
