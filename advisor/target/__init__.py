"""Load the target and its inputs, and run them in a child process."""
