"""Do a job: measure its first calls, choose a strategy, run the rest, and keep the choice under review."""
