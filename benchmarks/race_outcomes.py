"""Describe what concurrent calls leave behind, to compare it with the calls one after the other.

This is the judge of the peers in `benchmarks.races`, written apart from the one in `advisor/interleaving/`. It needs
only the standard library, since it also runs on interpreters where advisor is not installed.
"""

from __future__ import annotations

import io
import itertools
import os
import re
import shutil
import sqlite3
import warnings
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from types import CellType, FunctionType, GeneratorType, MethodType, ModuleType
from typing import Any

Outcome = dict[str, str]  # texts by part: "call 1", "global stock", "file visits.txt"
Answer = tuple[str, Any]  # ("returns", value) or ("raises", exception)
_PRIMITIVES = ("threading", "_thread", "queue", "_queue", "frontrun._cooperative")
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
_MAX_DEPTH = 30


def call(function: Callable[[Any], Any], argument: Any, reraised: tuple[type[BaseException], ...] = ()) -> Answer:
    """Return what a call returns or raises."""
    try:
        return "returns", function(argument)
    except reraised:
        raise
    except Exception as error:  # noqa: BLE001  (an outcome)
        return "raises", error


def outcome(module: ModuleType, answers: Sequence[Answer | None], folder: Path) -> Outcome:
    """Return the answers of the calls, the module's globals and the files of the folder, as texts."""
    parts = {}
    for number, answer in enumerate(answers, 1):
        parts[f"call {number}"] = f"{answer[0]} {text_of(answer[1])}" if answer else "no answer"
    for name, value in list(vars(module).items()):
        if not name.startswith("__") and not isinstance(value, ModuleType):
            parts[f"global {name}"] = text_of(value, home=module.__name__)
    for path in _files(folder):
        parts[f"file {path.relative_to(folder)}"] = _content(path)
    return parts


class SequentialOutcomes:
    """The outcomes of the calls one after the other, in every order; each order is made twice.

    Attributes:
        differs: Names of parts that differ between two runs of one order.
        has_own_names: Two runs of one order have different parts, as with random file names; others are not compared.
    """

    def __init__(self, run: Callable[[Sequence[int]], Outcome], calls: int) -> None:
        self.outcomes: list[Outcome] = []
        self.differs: set[str] = set()
        self.has_own_names = False
        for order in itertools.permutations(range(calls)):
            first, second = run(order), run(order)
            self.differs.update(name for name in first.keys() & second.keys() if first[name] != second[name])
            self.has_own_names |= first.keys() != second.keys()
            self.outcomes += [first, second]

    def difference(self, seen: Outcome) -> str:
        """Return the parts in which the outcome differs from that of the order most like it; empty if from none."""
        return ", ".join(min((self._differing(seen, known) for known in self.outcomes), key=len))

    def _differing(self, seen: Outcome, known: Outcome) -> list[str]:
        names = seen.keys() & known.keys() if self.has_own_names else seen.keys() | known.keys()
        return sorted(name for name in names - self.differs if seen.get(name) != known.get(name))


class Folder:
    """A folder of small files that is put back to what it was.

    Args:
        path: The folder, as it is now.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.kept = {file: file.read_bytes() for file in _files(path)}

    def reset(self) -> None:
        """Put back the files as they were."""
        for entry in self.path.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink()
        for file, content in self.kept.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)


def _files(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        yield from (Path(place, name) for name in sorted(names))


def _content(path: Path) -> str:
    data = path.read_bytes()
    if not data.startswith(b"SQLite format 3"):
        return repr(data)
    try:
        with closing(sqlite3.connect(path)) as database:
            return "\n".join(database.iterdump())
    except sqlite3.Error as error:
        return str(error)


# Values


def text_of(value: Any, inside: tuple[int, ...] = (), home: str = "") -> str:
    """Return the structure of a value as a text; `home` is the module whose functions and classes have state."""
    if id(value) in inside or len(inside) > _MAX_DEPTH:
        return f"<{type(value).__name__} again>"
    inside = (*inside, id(value))
    if isinstance(value, (type, FunctionType)) and getattr(value, "__module__", "") != home:
        return f"<{value.__module__}.{value.__qualname__}>"
    for kinds, describe in _DESCRIPTIONS:
        if isinstance(value, kinds):
            return describe(value, lambda part: text_of(part, inside, home))
    if type(value).__module__ in _PRIMITIVES:
        return _primitive(value, lambda part: text_of(part, inside, home))
    return _other(value, lambda part: text_of(part, inside, home))


Describe = Callable[[Any], str]


def _mapping(value: dict[Any, Any], text: Describe) -> str:
    """Return the items without their order, in which no two calls would agree, unless the order is the point."""
    items = [f"{text(key)}: {text(item)}" for key, item in list(value.items())]
    return _enclosed(value, items if isinstance(value, OrderedDict) else sorted(items))


def _sequence(value: Iterable[Any], text: Describe) -> str:
    return _enclosed(value, map(text, list(value)))


def _set(value: Iterable[Any], text: Describe) -> str:
    return _enclosed(value, sorted(map(text, list(value))))


def _enclosed(value: Any, items: Iterable[str]) -> str:
    return f"{type(value).__name__}({', '.join(items)})"


def _exception(value: BaseException, text: Describe) -> str:
    return f"{type(value).__name__}: {_ADDRESS.sub('', str(value))}"


def _class(value: type, text: Describe) -> str:
    return f"<class {value.__qualname__}>" + text(_attributes(vars(value)))


def _function(value: FunctionType, text: Describe) -> str:
    """Return the variables that a function closes over, and its attributes."""
    cells = zip(value.__code__.co_freevars, value.__closure__ or (), strict=True)
    return f"<function {value.__qualname__}>" + text({**dict(cells), **_attributes(vars(value))})


def _cell(value: CellType, text: Describe) -> str:
    try:
        return text(value.cell_contents)
    except ValueError:
        return "empty"


def _generator(value: GeneratorType[Any, Any, Any], text: Describe) -> str:
    frame = value.gi_frame
    return "ended" if frame is None else f"line {frame.f_lineno}, {text(dict(frame.f_locals))}"


def _stream(value: io.StringIO | io.BytesIO, text: Describe) -> str:
    return "closed" if value.closed else f"{value.getvalue()!r} at {value.tell()}"


_DESCRIPTIONS: tuple[tuple[Any, Callable[[Any, Describe], str]], ...] = (
    ((bool, int, float, complex, str, bytes, bytearray, type(None), range, os.PathLike), lambda value, _: repr(value)),
    (dict, _mapping),
    ((list, tuple, deque), _sequence),
    ((set, frozenset), _set),
    (BaseException, _exception),
    (type, _class),
    (FunctionType, _function),
    (MethodType, lambda value, text: text(value.__self__)),
    (CellType, _cell),
    (GeneratorType, _generator),
    ((io.StringIO, io.BytesIO), _stream),
    (io.IOBase, lambda value, _: type(value).__name__),
    (sqlite3.Connection, lambda value, _: "connection"),  # frontrun has a class of its own
    (itertools.count, lambda value, _: repr(value)),
)


def _primitive(value: Any, text: Describe) -> str:
    """Return what a program can ask a lock, an event, a semaphore or a queue for."""
    name = type(value).__name__.removeprefix("Cooperative")  # frontrun's
    if name.endswith("Queue"):
        items = getattr(getattr(value, "_queue", value), "queue", None)
        return f"{name} of {value.qsize()}" + ("" if items is None else text(list(items)))
    if name == "Event":
        return f"Event({value.is_set()})"
    if name.endswith("Semaphore"):
        return f"Semaphore({value._value})"
    return "locked" if name.lower() == "lock" and value.locked() else name.lower()


def _other(value: Any, text: Describe) -> str:
    """Return the attributes of an object, or how far an iterator is."""
    slots = [name for base in type(value).__mro__ for name in getattr(base, "__slots__", ())]
    named = {name: getattr(value, name) for name in slots if isinstance(name, str) and hasattr(value, name)}
    if hasattr(value, "__dict__"):
        return type(value).__name__ + text({**named, **vars(value)})
    if isinstance(value, Iterator):
        with suppress(Exception), warnings.catch_warnings(action="ignore"):
            return type(value).__name__ + text(value.__reduce__()[1:])
    return type(value).__name__ + text(named) if named else _ADDRESS.sub("", repr(value))


def _attributes(values: Any) -> dict[str, Any]:
    """Return the attributes of a class or a function that are data."""
    described = (FunctionType, classmethod, staticmethod, property)
    return {
        name: value
        for name, value in dict(values).items()
        if not name.startswith("__") and not isinstance(value, described) and not hasattr(type(value), "__get__")
    }
