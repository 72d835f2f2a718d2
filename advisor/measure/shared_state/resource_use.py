"""Judge the use of a shared object: its resource key, and its safety in threads and after a fork."""

from __future__ import annotations

import gc
import io
import logging
import os
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass, replace
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from advisor.models.resources.connections import SQLITE_INSERTED, SQLITE_UPDATED
from advisor.models.resources.effects import RESOURCES
from advisor.models.resources.libraries import ON_TORCH, PACKAGES
from advisor.models.resources.types import resource_of_type
from advisor.models.touch import Safety

_WRITES = frozenset({"write", "writelines", "writerow", "writerows", "truncate", "writestr", "add", "addfile"})
_READS = frozenset(
    {"read", "readline", "readlines", "readinto", "read1", "seek", "tell", "__next__", "getvalue", "peek"}
)
_HARMLESS = frozenset({"name", "fileno", "closed", "mode", "encoding", "size", "namelist", "infolist", "getinfo"})
_POSITIONS = frozenset({"read", "readline", "seek", "tell", "read_byte", "write", "write_byte"})
_SYSTEM_ENTROPY = 2**64  # the system gives 128 bits, people small numbers
_RANDOM_SETUP = frozenset({"spawn", "bit_generator", "jumped"})
_WRITTEN = "SQLite connection written"
_SELECT = re.compile(r"\s*SELECT\b", re.IGNORECASE)
_UPDATE = re.compile(r"\s*UPDATE\b", re.IGNORECASE)
# Matches a row chosen by a parameter, or by a value inserted into the text (the literal ends before it).
_CHOOSES_ROW = re.compile(r"\bWHERE\b.*(\?|[:@$]\w)|(=\s*['\"]?|\bWHERE)\s*$", re.IGNORECASE | re.DOTALL)
_ESTABLISHED = "01"  # in the kernel's tables of connections
_SESSION_SETUP = frozenset({"headers", "cookies", "auth", "params", "proxies", "verify", "cert", "timeout"})
_LOOKS_AT_STATE = frozenset({"copy", "digest", "hexdigest", "name", "digest_size", "block_size", "eof", "unused_data"})


@dataclass(frozen=True)
class Use:
    """The resource key of an object, and the safety of its use."""

    resource: str
    threads: Safety
    fork: Safety
    spawn: Safety
    changes: int = 0  # made through it so far, where that can be told
    if_changed: str = ""  # the resource key if calls make such changes and a file keeps them


def positioned(use: Use) -> Use:
    """Return the use of a file in which each call seeks first, which also works in a reopened file."""
    if use.resource == "mapped file read in sequence":
        return _default("mapped file read by position")
    return replace(use, spawn="safe") if use.resource == "file read" else use


def taken_in_order(use: Use, *, in_result: bool) -> Use:
    """Return the use of an object that yields values in order, so that a thread can get a value meant for another."""
    return replace(use, resource="iterator", threads="unsafe" if in_result else "caution")


def use_of(thing: Any, attributes: frozenset[str], codes: Iterable[CodeType] = ()) -> Use | None:
    """Return the use of an object, or None if it is safe.

    Args:
        thing: The object.
        attributes: The attributes that the code reads from it.
        codes: The code of the functions that use it, in the order in which they are called.
    """
    key = resource_of_type(type(thing))
    judge = JUDGES.get(key)
    with suppress(Exception):  # it cannot be inspected, or its library has another version
        if judge is _sqlite:
            use = _sqlite(thing, attributes)
            return use and _with_statements(use, codes)
        if judge is not None:
            return judge(thing, attributes)
    return _default(key) if key in RESOURCES else None


def _default(
    key: str, *, threads: Safety | None = None, fork: Safety | None = None, spawn: Safety | None = None
) -> Use:
    row = RESOURCES[key]
    return Use(key, threads or row.threads, fork or row.fork, spawn or row.spawn)


def _file(thing: Any, attributes: frozenset[str]) -> Use | None:
    thing = getattr(thing, "file", thing) if not isinstance(thing, io.IOBase) else thing
    if thing in (sys.stdout, sys.stderr, sys.stdin, sys.__stdout__, sys.__stderr__, sys.__stdin__) or thing.closed:
        return None
    if attributes and attributes <= _HARMLESS:
        return None
    writes = bool(attributes & _WRITES) or (not attributes & _READS and thing.writable())
    if isinstance(thing, (io.StringIO, io.BytesIO)):
        return _default("memory buffer") if writes else _default("memory buffer", fork="safe", spawn="safe")
    if not writes:
        return _default("file read", spawn="unsafe" if attributes else None)
    if "seek" in attributes or attributes & _READS:
        return _default("file written")  # forked workers share the position, others do not share the file
    if "flush" in attributes or getattr(thing, "line_buffering", False) or isinstance(thing, io.FileIO):
        return _default("file written", fork="caution", spawn="caution")
    return _default("file written")


def _csv_writer(thing: Any, attributes: frozenset[str]) -> Use | None:
    target = _file_behind(getattr(thing, "writer", thing))
    return _default("file written") if target is None else _file(target, frozenset({"write"}))


def _csv_reader(thing: Any, attributes: frozenset[str]) -> Use | None:
    return None if attributes and attributes <= {"fieldnames", "line_num"} else _default("iterator")


def _file_behind(writer: Any) -> Any:
    """Return the file whose `write` a csv writer calls."""
    owners = [getattr(part, "__self__", None) for part in gc.get_referents(writer)]
    return next((owner for owner in owners if isinstance(owner, io.IOBase)), None)


def _archive(thing: Any, attributes: frozenset[str]) -> Use | None:
    thing = getattr(thing, "zip", thing)  # of NumPy's archives
    if thing is None or thing.fp is None or (attributes and attributes <= _HARMLESS):
        return None
    return _default("archive read" if thing.mode == "r" else "archive written")


def _tar(thing: Any, attributes: frozenset[str]) -> Use | None:
    if thing.closed:
        return None
    return _default("tar archive" if thing.mode == "r" else "archive written")


def _mapped(thing: Any, attributes: frozenset[str]) -> Use | None:
    return _default("mapped file read in sequence") if attributes & _POSITIONS and not thing.closed else None


def _socket(thing: Any, attributes: frozenset[str]) -> Use | None:
    if attributes and attributes <= {"fileno", "getsockname", "getpeername", "family"}:
        return None
    is_sending_only = attributes and attributes <= {"send", "sendto"}
    if thing.fileno() < 0 or (thing.type == socket.SOCK_DGRAM and is_sending_only):
        return None
    try:
        thing.getpeername()
    except OSError:  # it waits for others, at an address that no second process can have
        return _default("socket", spawn="caution")
    return _default("socket")


def _http_connection(thing: Any, attributes: frozenset[str]) -> Use | None:
    """Distinguish an open connection from one that connects at its first request, as in http.client."""
    is_open = getattr(thing, "sock", thing) is not None
    return _default("protocol connection") if is_open else _default("protocol connection", fork="safe")


def _sqlite(thing: Any, attributes: frozenset[str]) -> Use | None:
    connection = getattr(thing, "connection", thing)
    try:
        changes = getattr(connection, "total_changes", 0)  # dbm's databases have none
    except Exception:  # noqa: BLE001  (sqlite3 may not be imported here; it is closed)
        return None
    failures: list[BaseException] = []

    def try_in_thread() -> None:
        try:
            connection.getlimit(0)  # checks the thread, and does nothing else
        except Exception as error:  # noqa: BLE001  (as above)
            failures.append(error)

    thread = threading.Thread(target=try_in_thread)
    thread.start()
    thread.join()
    is_own_of_thread = failures or connection is not thing  # a cursor has one result at a time
    use = _default("SQLite connection" if is_own_of_thread else "SQLite connection of all threads")
    return replace(use, changes=changes, if_changed=SQLITE_INSERTED if is_own_of_thread else "")


def _with_statements(use: Use, codes: Iterable[CodeType]) -> Use:
    """Set `if_changed` if calls read rows before they update them, and no parameter chooses the row."""
    texts = [text for code in codes for text in code.co_consts if isinstance(text, str)]
    reads = [index for index, text in enumerate(texts) if _SELECT.match(text)]
    updates = [index for index, text in enumerate(texts) if _UPDATE.match(text) and not _CHOOSES_ROW.search(text)]
    is_updated = bool(reads and updates) and reads[0] < updates[-1]
    return replace(use, if_changed=SQLITE_UPDATED) if is_updated else use


def resource_if_changed(use: Use, thing: Any) -> str:
    """Return the resource key of an object through which calls make changes, or ""."""
    return _WRITTEN if loses_changes(thing) else use.if_changed


def as_changed(use: Use, resource: str) -> Use:
    """Return the use of an object through which calls make changes, as the other resource."""
    row = RESOURCES[resource]
    threads = row.threads if row.key == SQLITE_UPDATED and use.threads == "caution" else use.threads
    return replace(use, resource=row.key, threads=threads, fork=row.fork, spawn=row.spawn)


def loses_changes(thing: Any) -> bool:
    """Return True if changes made through an SQLite connection are not in a file.

    Call this only after changes: a connection's trace callback and authorizer see the statement.
    """
    connection = getattr(thing, "connection", thing)
    with suppress(Exception):  # the authorizer denies it
        if connection.in_transaction:
            return True
        cursor = connection.cursor()
        cursor.row_factory = None
        return not cursor.execute("PRAGMA database_list").fetchone()[2]
    return False


def _scientific_file(thing: Any, attributes: frozenset[str]) -> Use | None:
    """Distinguish files by mode; h5py objects have a `file` attribute, and a PyTables file has the mode itself."""
    if not thing:  # h5py's objects are false once their file is closed
        return None
    mode = getattr(getattr(thing, "file", thing), "mode", "r")
    return _default("scientific file" if mode == "r" else "scientific file written")


def _unlocked_scientific_file(thing: Any, attributes: frozenset[str]) -> Use | None:
    mode = getattr(thing, "mode", "")  # netCDF4 does not tell
    if mode == "r" or not (mode or _is_open_for_writing(thing)):
        return _default("unlocked scientific file")
    return _default("scientific file written", threads="unsafe")


def _is_open_for_writing(thing: Any) -> bool:
    """Return True if this process has the file of a netCDF4 data set or variable open for writing (Linux)."""
    with suppress(Exception):
        owner = thing.group() if hasattr(thing, "group") else thing
        path = Path(owner.filepath()).resolve()
        for link in Path("/proc/self/fd").iterdir():
            if link.readlink() == path:
                flags = (Path("/proc/self/fdinfo") / link.name).read_text().split("flags:")[1].split()[0]
                return bool(int(flags, 8) & (os.O_WRONLY | os.O_RDWR))
    return False


def _popen(thing: Any, attributes: frozenset[str]) -> Use | None:
    pipes = (thing.stdin, thing.stdout)
    return _default("child program") if any(pipe is not None for pipe in pipes) and thing.returncode is None else None


def _random(thing: Any, attributes: frozenset[str]) -> Use | None:
    if attributes and attributes <= _RANDOM_SETUP:
        return None
    sequence = getattr(getattr(thing, "bit_generator", None), "seed_seq", None)
    entropy = getattr(sequence, "entropy", None)
    if entropy is None:
        return _default("random generator")
    return (
        _default("random generator", spawn="safe") if _is_from_system(entropy) else _default("seeded random generator")
    )


def _is_from_system(entropy: Any) -> bool:
    return isinstance(entropy, int) and entropy >= _SYSTEM_ENTROPY


def global_random_use() -> Use:
    """Return the use of NumPy's global generator, for which a module may have set a seed."""
    get_bit_generator = getattr(sys.modules.get("numpy.random"), "get_bit_generator", None)
    sequence = getattr(get_bit_generator(), "seed_seq", None) if get_bit_generator else None
    entropy = getattr(sequence, "entropy", None)
    spawn: Safety | None = None if entropy is None else "safe" if _is_from_system(entropy) else "unsafe"
    return _default("random generator", spawn=spawn)


def _running_state(thing: Any, attributes: frozenset[str]) -> Use | None:
    return None if attributes and attributes <= _LOOKS_AT_STATE else _default("running state")


def _shared_value(thing: Any, attributes: frozenset[str]) -> Use | None:
    """Distinguish a value that calls write without its lock from one that they only read, or write under its lock."""
    if "get_lock" in attributes or "value=" not in attributes:
        return _default("shared value", threads="safe", fork="safe")
    return _default("shared value")


def _queue(thing: Any, attributes: frozenset[str]) -> Use | None:
    """Leave out a queue that calls both take from and put back to: it is a pool, and each worker has its own copy."""
    return None if {"get", "put"} <= attributes else _default("queue")


def _http_session(thing: Any, attributes: frozenset[str]) -> Use | None:
    """Distinguish sessions that calls configure from those that they only use, and check for open connections."""
    key = resource_of_type(type(thing))
    return _default(
        key,
        threads="unsafe" if attributes & _SESSION_SETUP else None,
        fork="unsafe" if _has_connections() else None,
    )


def _has_connections() -> bool:
    """Return True if this process is connected to a host, as far as can be known (Linux)."""
    with suppress(OSError):
        links = [str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_socket()]
        own = {link.removeprefix("socket:[").removesuffix("]") for link in links}
        for table in ("tcp", "tcp6"):
            rows = (line.split() for line in Path("/proc/self/net", table).read_text("ascii").splitlines()[1:])
            if any(row[3] == _ESTABLISHED and row[9] in own for row in rows):
                return True
    return False


def _logger(thing: Any, attributes: frozenset[str]) -> Use | None:
    """Find loggers that calls configure, and those with rotated, truncated or buffered files, which lose lines."""
    if any({f"add{part}", f"remove{part}"} <= attributes for part in ("Handler", "Filter")):
        return _default("logger set up")
    logger = getattr(thing, "logger", thing)
    worst: Use | None = None
    while logger is not None:
        for handler in logger.handlers:
            names = [base.__name__ for base in type(handler).__mro__]
            if "BaseRotatingHandler" in names or "MemoryHandler" in names:
                return _default("log file")
            is_buffer = type(handler) is logging.StreamHandler and handler.stream not in (sys.stdout, sys.stderr)
            if is_buffer:
                return _default("log file")
            if "FileHandler" in names and "a" not in handler.mode and handler.baseFilename != os.devnull:
                worst = _default("log file", fork="caution")  # each spawned worker would begin the file anew
        logger = logger.parent if logger.propagate else None
    return worst


def _context_variable(thing: Any, attributes: frozenset[str]) -> Use | None:
    """Compare the value here with what a new thread would see."""
    missing = object()
    seen, elsewhere = thing.get(missing), Context().run(thing.get, missing)
    inherited = getattr(sys.flags, "thread_inherit_context", 0)
    return None if inherited or seen is elsewhere or "get" not in attributes else _default("context variable")


def decimal_use() -> Use | None:
    """Return the use of the decimal context if this thread's is not the one that new threads start with."""
    decimal = sys.modules.get("decimal")
    if decimal is None:
        return None
    own, default = decimal.getcontext(), decimal.DefaultContext
    names = ("prec", "rounding", "Emin", "Emax", "clamp", "traps")
    is_default = all(getattr(own, name) == getattr(default, name) for name in names)
    return None if is_default else _default("decimal context")


def library_use(library: ModuleType) -> Use:
    """Return the use of a library that forked processes may not be able to use."""
    gpu = getattr(sys.modules.get("torch"), "cuda", None) if library.__name__ in ON_TORCH else None
    if gpu is not None and gpu.is_initialized():
        return _default("GPU context")
    return _default(PACKAGES[library.__name__])


def numpy_error_use() -> Use | None:
    """Return the use of NumPy's error state if it raises or calls on errors, which other threads do not."""
    states = sys.modules["numpy"].geterr().values()
    return _default("NumPy error state") if {"raise", "call", "log"} & set(states) else None


JUDGES: dict[str, Callable[[Any, frozenset[str]], Use | None]] = {
    "file": _file,
    "csv writer": _csv_writer,
    "csv reader": _csv_reader,
    "archive": _archive,
    "tar archive": _tar,
    "mapped file": _mapped,
    "socket": _socket,
    "protocol connection": _http_connection,
    "SQLite connection": _sqlite,
    "scientific file": _scientific_file,
    "unlocked scientific file": _unlocked_scientific_file,
    "child program": _popen,
    "random generator": _random,
    "running state": _running_state,
    "logger": _logger,
    "queue": _queue,
    "shared value": _shared_value,
    "HTTP session": _http_session,
    "HTTP client": _http_session,
    "context variable": _context_variable,
    "decimal value": lambda thing, attributes: decimal_use(),
}
