"""Predict the seconds of a job under every strategy at every worker count."""
