"""C functions called one after the other, without the GIL, in one foreign call.

ctypes lets go of the GIL around every foreign call and takes it again after it, which is to wait for whoever has it.
What must happen before that, such as a look at a moment of one's own choice, has to be part of the same call. So every
function gets a context of its own (`makecontext`), each leads to the next and the last one back to the caller.

A context's stack begins `_TOP` bytes above that of the one before: it may overwrite what those left that have run,
never what lies ready for those that come after. What lies ready is put back before each run.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

_STACK, _TOP = 1 << 15, 1 << 8


class _Stack(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t))


class _Context(ctypes.Structure):
    """`ucontext_t` begins so in the GNU C library; it has less than 1 KiB."""

    _fields_ = (
        ("flags", ctypes.c_ulong),
        ("link", ctypes.c_void_p),
        ("stack", _Stack),
        ("rest", ctypes.c_char * 2008),
    )


def is_possible() -> bool:
    """Whether contexts can be had here: 64-bit x86 with the GNU C library, where returns are not guarded."""
    if sys.platform != "linux" or os.uname().machine != "x86_64" or ctypes.sizeof(ctypes.c_void_p) != 8:
        return False
    if not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"):
        return False
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    # A shadow stack remembers where calls return to, and would not let a context run twice.
    return not re.search(r"^x86_Thread_features:.*\bshstk\b", status, re.MULTILINE)


Step: TypeAlias = tuple[Any, *tuple[int, ...]]
"""A foreign function and up to six whole numbers or addresses as its arguments."""


class Chain:
    """Steps to be run by the thread that made it. What their arguments point to is the caller's to keep alive."""

    def __init__(self, steps: Sequence[Step]) -> None:
        holding_the_gil = ctypes.PyDLL(None)
        self._swap = ctypes.CDLL(None).swapcontext
        self._contexts = (_Context * (len(steps) + 1))()
        self._stack = ctypes.create_string_buffer(_STACK + _TOP * len(steps))
        for i, (function, *arguments) in enumerate(steps):
            context = self._contexts[i]
            holding_the_gil.getcontext(ctypes.byref(context))
            context.link = ctypes.addressof(self._contexts[i + 1])
            context.stack = _Stack(ctypes.addressof(self._stack), 0, _STACK + _TOP * (i + 1))
            holding_the_gil.makecontext(
                ctypes.byref(context),
                ctypes.cast(function, ctypes.c_void_p),
                len(arguments),
                *(ctypes.c_ulong(argument) for argument in arguments),
            )
        self._ready_at = ctypes.addressof(self._stack) + _STACK
        self._ready = ctypes.string_at(self._ready_at, _TOP * len(steps))

    def __call__(self) -> None:
        ctypes.memmove(self._ready_at, self._ready, len(self._ready))
        self._swap(ctypes.byref(self._contexts[-1]), ctypes.byref(self._contexts[0]))
