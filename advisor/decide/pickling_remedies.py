"""Remedies for arguments and results that cannot be pickled, as rows matched against pickle's error message."""

from __future__ import annotations

import re
from typing import NamedTuple


class Remedy(NamedTuple):
    """The remedies for an argument and for a result, where the reason matches `pattern`."""

    pattern: str
    argument: str
    result: str


_MODULE_LEVEL = "bind its class to its own name at the top level of its module, or {} a plain tuple"
# The first row that matches counts: what holds a lock comes before the lock.
REMEDIES: tuple[Remedy, ...] = (
    Remedy(
        r"pandas\.core\.frame\.(?!DataFrame\b)",
        "itertuples() creates a class for its rows that cannot be imported; use itertuples(name=None), which yields "
        "plain tuples, or pass tuple(row)",
        "return tuple(row); itertuples() creates a class for its rows that cannot be imported",
    ),
    Remedy(
        r"lxml|Element\b|ElementTree|BeautifulSoup|bs4\.|xml\.dom",
        "pass the text of the document or the element, such as etree.tostring(element), and parse it in the call",
        "return the text and numbers that you need from the document, not its elements",
    ),
    Remedy(
        r"h5py|netCDF4|[Dd]ataset\b",
        "pass the path and the name of the data set, and open the file in the call",
        "return the values as an array, such as dataset[:]",
    ),
    Remedy(
        r"\.(Legacy)?Row\b|\.Record\b",
        "pass tuple(row), or dict(row) where the names of the columns are needed",
        "return tuple(row), or dict(row) where the names of the columns are needed",
    ),
    Remedy(
        r"HTTPResponse|http\.client|urllib\.response",
        "pass the URL, and request it in the call",
        "return the content, such as response.read(), and the status",
    ),
    Remedy(
        r"[Cc]onnection\b|[Cc]ursor\b|\bEngine\b|\bSession\b|[Cc]onnectionPool\b|\b\w*[Cc]lient\b",
        "pass the path or the address, and connect once in each worker, in the pool's initializer",
        "return the rows or the text, not the object that reads them",
    ),
    Remedy(
        r"ZipFile|TarFile|mmap\.mmap|VideoCapture",
        "pass the path and the name of the part, and open the file in the call",
        "return the content as bytes, or a path",
    ),
    Remedy(
        r"\b_io\.|\b(TextIOWrapper|Buffered(Reader|Writer|Random)|FileIO)\b|TemporaryFile|_csv\.|GzipFile|netrc",
        "pass the path instead of the open file, and open it in the call",
        "return the content, or the path, instead of the open file",
    ),
    Remedy(
        r"DirEntry|ScandirIterator",
        "pass entry.path for each entry of os.scandir()",
        "return entry.path for each entry of os.scandir()",
    ),
    Remedy(
        r"\bgenerator\b|async_generator|itertools\.|iterator\b",
        "pass a list of the values instead of a generator: list(values)",
        "return a list of the values instead of a generator: list(values)",
    ),
    Remedy(r"concurrent\.futures", "pass future.result()", "return future.result()"),
    Remedy(
        r"\bcoroutine\b|_asyncio\.|\bFuture\b|\bTask\b",
        "pass the arguments of the coroutine function, and await it in the call",
        "await it in the call, and return its result",
    ),
    Remedy(
        r"dict_(keys|values|items)|odict_",
        "pass a list instead of a view of a dictionary: list(values)",
        "return a list instead of a view of a dictionary: list(values)",
    ),
    Remedy(r"memoryview", "pass bytes(view)", "return bytes(view)"),
    Remedy(r"mappingproxy", "pass dict(mapping)", "return dict(mapping)"),
    Remedy(r"re\.Match|SRE_Match", "pass match.groups()", "return match.groups()"),
    Remedy(r"_hashlib|\bHASH\b", "pass the bytes to hash", "return hash.digest()"),
    Remedy(r"Popen", "start the program in the call", "return the program's output and exit status"),
    Remedy(
        r"SSLContext|\bsocket\b|SSLSocket|epoll|Selector",
        "pass the address, and connect in the worker",
        "return what was received",
    ),
    Remedy(r"weakref", "pass the object itself", "return the object itself"),
    Remedy(r"'module'", "pass the module's name, or import the module where it is used", "return the module's name"),
    Remedy(
        r"<lambda>",
        "replace the lambda with a function at the top level of a module, with operator.itemgetter, or with "
        "functools.partial to bind values",
        "return the values that it uses, or a function defined at the top level of a module, instead of the lambda",
    ),
    Remedy(
        r"<locals>|local object",
        "define its class or function at the top level of a module, not inside a function",
        "define its class or function at the top level of a module, not inside a function",
    ),
    Remedy(
        r"attribute lookup|not the same object|not found as|import of module",
        _MODULE_LEVEL.format("pass"),
        _MODULE_LEVEL.format("return"),
    ),
    Remedy(
        r"queue\.(Simple|Lifo|Priority)?Queue",
        "pass the values, or use a multiprocessing.Manager().Queue()",
        "return a list of the values",
    ),
    Remedy(
        r"_thread\.|[Ll]ock\b|threading\.",
        "create the object that holds the lock once in each worker, in the pool's initializer, or exclude the lock "
        "from pickling with __getstate__",
        "return plain data without the object that holds the lock, or exclude the lock from pickling with __getstate__",
    ),
    Remedy(
        r"__(init|new|setstate)__",
        "give its class a __reduce__ that returns its constructor's arguments, or pass plain data",
        "give its class a __reduce__ that returns its constructor's arguments, or return plain data",
    ),
    Remedy(
        r"RecursionError|recursion",
        "pass plain data: the objects are nested too deeply",
        "return plain data: the objects are nested too deeply",
    ),
)
OTHERWISE = Remedy(
    "",
    "pass what is needed to create them, such as a path instead of an open file, or an address instead of a "
    "connection, and open it in the worker",
    "return plain data, such as a list instead of a generator or a path instead of an open file",
)


def remedy(reason: str) -> Remedy:
    """Return the remedy for pickle's error message."""
    return next((row for row in REMEDIES if re.search(row.pattern, reason)), OTHERWISE)
