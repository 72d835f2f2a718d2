"""Ready-to-run code: the job done by a strategy, as a person would write it in a script.

Names come from outside (a command line, a profile sent over HTTP), so they only get into the code as identifiers or as
string literals, and nothing is imported to write it.
"""
