"""The command line `advise`: each command parses, calls one public function and renders."""
