"""Dask and Ray clusters: connecting to one, measuring it, and sending it calls."""
