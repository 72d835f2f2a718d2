"""The views, a file for each group."""
