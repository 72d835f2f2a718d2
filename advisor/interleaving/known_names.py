"""Facts about the standard library, by name: methods that change containers, functions that do no I/O."""

from __future__ import annotations

# Methods of containers that only read.
READERS = frozenset(
    (
        "get", "keys", "values", "items", "copy", "index", "count", "__len__", "__contains__", "__getitem__",
        "__iter__", "__eq__", "issubset", "issuperset", "isdisjoint", "union", "intersection", "difference",
        "most_common", "elements", "total", "hex", "is_set", "locked", "qsize", "empty", "full", "done",
        "decode", "startswith", "endswith", "find",
    )
)  # fmt: skip
# Methods that change a container.
CHANGERS = frozenset(
    (
        "append", "extend", "insert", "remove", "pop", "popitem", "popleft", "appendleft", "extendleft",
        "clear", "sort", "reverse", "rotate", "add", "discard", "update", "setdefault", "move_to_end",
        "subtract", "difference_update", "intersection_update", "symmetric_difference_update", "__setitem__",
        "__delitem__", "send",
    )
)  # fmt: skip
# Functions that only read their arguments.
READING_BUILTINS = frozenset(
    (
        "len", "sum", "min", "max", "sorted", "list", "tuple", "dict", "set", "frozenset", "str", "repr", "any",
        "all", "enumerate", "zip", "iter", "print", "isinstance", "issubclass", "hasattr", "getattr",
        "callable", "format", "hash", "bool", "map", "filter", "reversed", "type", "id", "int", "float", "abs",
        "round", "range", "bytes", "ord", "chr", "divmod", "pow", "super", "vars", "dir", "ascii", "bin", "hex",
        "oct", "memoryview", "slice",
    )
)  # fmt: skip
# Modules whose functions neither wait nor touch anything outside the process.
PURE_MODULES = frozenset(
    (
        "builtins", "math", "cmath", "re", "json", "collections", "itertools", "functools", "operator",
        "string", "datetime", "time", "random", "hashlib", "copy", "dataclasses", "typing", "enum",
        "queue", "_queue", "bisect", "_bisect", "heapq", "_heapq", "decimal", "_decimal", "fractions",
        "statistics", "textwrap", "uuid", "base64", "binascii", "struct", "_struct", "zlib", "abc",
        "contextlib", "contextvars", "_contextvars", "types", "numbers", "inspect", "weakref", "_weakref",
        "copyreg", "difflib", "pprint", "reprlib", "secrets", "calendar", "colorsys", "array", "unicodedata",
        "_thread", "_json", "_datetime", "_random", "_operator", "_functools", "_collections",
        "_collections_abc", "collections.abc", "html", "urllib.parse", "ast", "numbers", "warnings",
        "concurrent.futures", "logging", "traceback", "_hashlib", "_md5", "_sha256", "_blake2",
    )
)  # fmt: skip
# Methods, of objects that are not known, that probably do input or output.
OUTSIDE_METHODS = frozenset(
    (
        "read", "write", "readline", "readlines", "writelines", "flush", "close", "seek", "tell", "truncate",
        "execute", "executemany", "executescript", "fetchone", "fetchall", "fetchmany", "commit", "rollback",
        "read_text", "write_text", "read_bytes", "write_bytes", "exists", "unlink", "rename", "replace",
        "touch", "mkdir", "rmdir", "stat", "is_file", "is_dir", "send", "sendall", "recv", "connect",
    )
)  # fmt: skip
# Modules whose objects do not change, or whose changes nobody can see.
VALUE_MODULES = frozenset(
    (
        "pathlib", "pathlib._local", "re", "datetime", "decimal", "fractions", "uuid", "logging", "ipaddress", "string",
        "zoneinfo", "enum", "_thread", "functools", "typing", "operator", "types", "contextlib",
    )
)  # fmt: skip
