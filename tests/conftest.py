"""What holds for all tests."""

from __future__ import annotations

import os
import signal

from hypothesis import settings

# No test asserts a timing, and on a busy host a first example may take long.
settings.register_profile("advisor", deadline=None, print_blob=True)
settings.load_profile("advisor")

# What `advise serve` keeps belongs to whoever runs the tests; those of the journal name one of their own.
os.environ["ADVISOR_JOURNAL"] = "off"

# A shell lets its background jobs ignore Ctrl-C, and nohup SIGHUP; so would the programs that tests send them to.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
