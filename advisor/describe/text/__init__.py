"""Extract what a description states: its clauses, its quantities, its symptoms, and what was tried."""
