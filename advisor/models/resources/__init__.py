"""Tables of objects and state that calls share: how safe each is in threads and processes, with sources."""
