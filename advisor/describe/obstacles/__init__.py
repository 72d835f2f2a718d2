"""Known obstacles of concurrent programs: symptom, cause and remedy as data, and how a text is matched to them."""
