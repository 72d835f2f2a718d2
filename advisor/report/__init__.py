"""Finished records → what people see. A renderer neither measures nor decides."""
