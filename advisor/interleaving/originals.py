"""The primitives of this interpreter, before `primitives` replaces them for the target."""

from __future__ import annotations

import _thread
import threading
import time

allocate_lock = _thread.allocate_lock
RLock = _thread.RLock
get_ident = _thread.get_ident
start_new_thread = _thread.start_new_thread
join = threading.Thread.join
sleep = time.sleep
monotonic = time.monotonic
Thread = threading.Thread
