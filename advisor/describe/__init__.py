"""Interpret a task that is described in words or by rough numbers."""
