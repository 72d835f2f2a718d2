"""Render finished records for people. A renderer neither measures nor decides."""
