"""Find what calls share: objects, files, connections, and state of the whole process."""
