"""What a description says, in parts: its clauses, its quantities, and what both make likely."""
