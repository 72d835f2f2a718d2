"""Facts about libraries, programs, services and words, as JSON Lines; `lookup` says how to add an entry."""
