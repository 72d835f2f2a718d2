"""Find this process's GIL: the address of the lock word, which an observer outside can read.

CPython keeps the state of the GIL in one structure (`struct _gil_runtime_state`, `pycore_gil.h`), which begins

    unsigned long  interval        the switch interval, in microseconds
    PyThreadState *last_holder
    int            locked
    unsigned long  switch_number

and lies inside `_PyRuntime`, whose address every interpreter exports: as a member up to 3.11, inside the main
interpreter's own state since 3.12. Its offset differs from version to version, so it is searched for: the switch
interval is set to a number that occurs nowhere else, and a match must name this very thread as the holder of a taken
lock. Since 3.13 the same offset is published (`_Py_DebugOffsets`); a test compares the two.
"""

from __future__ import annotations

import ctypes
import os
import sys
from dataclasses import dataclass

_SEARCHED = 1 << 20  # `_PyRuntime` has some 100 to 700 KiB
_CHUNK = 1 << 12
_MARK = 5_046_875  # µs, an interval that no program sets; in seconds it is an exact binary fraction


@dataclass(frozen=True)
class LockWord:
    """The address of `last_holder`, with `locked` 8 bytes on, and of the PyThreadState of the thread that asked."""

    address: int
    thread: int


def find_lock_word() -> LockWord | None:
    """Return the lock word of this interpreter's GIL.

    None if it is not found, on anything but 64-bit CPython on Linux, and without a GIL (a free-threaded build).
    """
    if sys.platform != "linux" or sys.implementation.name != "cpython" or ctypes.sizeof(ctypes.c_void_p) != 8:
        return None
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        return None
    try:
        runtime = ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, "_PyRuntime"))
    except ValueError:
        return None
    thread = this_thread()
    before = sys.getswitchinterval()
    try:
        sys.setswitchinterval(_MARK / 1e6)
        return _search(runtime, thread)
    except OSError:
        return None
    finally:
        sys.setswitchinterval(before)


def this_thread() -> int:
    """Return the address of the calling thread's PyThreadState."""
    get = ctypes.pythonapi.PyThreadState_Get
    get.restype = ctypes.c_void_p
    return int(get() or 0)


def _search(runtime: int, thread: int) -> LockWord | None:
    mark = _MARK.to_bytes(8, sys.byteorder)
    holder = thread.to_bytes(8, sys.byteorder)
    # Through the kernel, since reading past the end of a mapping by pointer would crash; and by a call that keeps the
    # GIL, so that meanwhile no other thread takes it or sets another interval.
    pread = ctypes.PyDLL(None).pread
    pread.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_long]
    pread.restype = ctypes.c_ssize_t
    buffer = ctypes.create_string_buffer(_CHUNK + 24)
    memory = os.open("/proc/self/mem", os.O_RDONLY | os.O_CLOEXEC)
    try:
        for start in range(runtime, runtime + _SEARCHED, _CHUNK):
            size = pread(memory, buffer, len(buffer), start)
            if size <= 0:
                return None
            block = buffer.raw[:size]
            offset = block.find(mark)
            while offset >= 0:
                address = start + offset + 8
                if block[offset + 8 : offset + 16] == holder and ctypes.c_int.from_address(address + 8).value == 1:
                    return LockWord(address, thread)
                offset = block.find(mark, offset + 1)
    finally:
        os.close(memory)
    return None
