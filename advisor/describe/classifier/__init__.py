"""Classify a description, without scikit-learn at run time."""
