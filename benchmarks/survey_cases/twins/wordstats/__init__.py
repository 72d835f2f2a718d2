"""Word statistics of a folder of text files."""
