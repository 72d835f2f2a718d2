"""Workers that run chunks of calls: threads, processes, tasks of an event loop."""
