def instead(*a): return ""
