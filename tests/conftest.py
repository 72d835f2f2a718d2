"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

# No test asserts a timing, and on a busy host a first example may take long.
settings.register_profile("advisor", deadline=None, print_blob=True)
settings.load_profile("advisor")
