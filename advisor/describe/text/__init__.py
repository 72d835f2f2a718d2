"""Extract the statements of a description: clauses, quantities, symptoms, and earlier attempts."""
