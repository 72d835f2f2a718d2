"""The survey of a program: which of its loops would make the whole program faster, run concurrently."""
