def speedup(*a): return None
