"""Weigh estimates, rules and evidence, and explain the result."""
