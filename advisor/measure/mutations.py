"""What one call changes: its arguments, and objects that it has in common with other calls.

Two looks, one before the call and one after it, are compared. A look lists places, such as `rec`, its element 'score'
or `self.total`, with what stands there. It follows containers and the attributes of objects whose classes are the
user's own, and runs none of their code; of all else only the type counts, so counters, connections and generators of
random numbers within libraries may change as they like. A look is bounded in time, size and depth: what lies beyond is
not known, which is no change.

Changes that nobody would miss are left out: what the call returns too, what is set once when it is first needed, and
what looks like a cache. A miss is better than a false alarm.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import os
import sys
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from types import FunctionType, MemberDescriptorType, MethodType, SimpleNamespace
from typing import Any

from advisor.target.loader import Call

SECONDS = 0.01  # of CPU for a look
MOST_PLACES = 5_000
MOST_ELEMENTS = 1_000  # of a container
DEEPEST = 6  # steps from a root
MOST_BYTES = 1 << 20  # of a buffer that are read, and of a text that is kept
_PIECES = 16  # of a larger buffer
_STANDARD_LIBRARY = Path(os.__file__).parent
_OURS = Path(__file__).parent.parent
_PLAIN = (int, float, complex, str, bytes, bool, type(None))
_CONTAINERS = (list, tuple, deque, set, frozenset, dict)
_NUMBERS = ("decimal.Decimal", "fractions.Fraction")
_LENGTH = "#"  # the step to a container's length
_MISSING = object()
_CACHES = ("cache", "memo")

Place = tuple[object, ...]  # a root's name and steps: an attribute's name, or a tuple with an element's key
Roots = Mapping[str, Any]


class Look:
    """The places below some roots and what stands there; `whole` unless there were more than a look may list."""

    def __init__(self, roots: Roots, *, buffers: bool, returned: Any = None) -> None:
        """`buffers`: read arrays too; with objects that calls share they are mostly scratch space, never missed.

        `returned` is what the call returned: the places where it stands, or its parts, are kept.
        """
        self.places: dict[Place, object] = {}
        self.whole = True
        self.returned: set[Place] = set()
        self._buffers = buffers
        self._ends = time.thread_time() + SECONDS  # a busy host does not shorten it
        self._above: set[int] = set()
        self._returned = {id(thing) for thing in (returned, *_elements(returned)) if type(thing) not in _PLAIN}
        for name, thing in roots.items():
            try:
                self._take((name,), thing)
            except Exception:  # noqa: BLE001  (an object of the user's may be as odd as it likes)
                self.whole = False

    def _take(self, place: Place, thing: Any) -> None:
        if len(self.places) >= MOST_PLACES or time.thread_time() > self._ends:
            self.whole = False
            return
        self.places[place] = _token(thing, buffers=self._buffers)
        if id(thing) in self._returned:
            self.returned.add(place)
        if len(place) > DEEPEST or id(thing) in self._above:
            return
        self._above.add(id(thing))
        if isinstance(thing, (list, deque, set)):
            self.places[(*place, _LENGTH)] = len(thing)
        parts = _members(thing) if len(place) == 1 and isinstance(thing, (type, FunctionType)) else _parts(thing)
        for step, part in parts:
            self._take((*place, step), part)
        self._above.discard(id(thing))


def of_arguments(before: Look, after: Look) -> tuple[str, ...]:
    """The arguments that a call changed and did not return, by name."""
    return _named(
        place for place in _changed(before, after) if not any(place[:end] in after.returned for end in _ends(place))
    )


def of_shared(before: Look, after: Look, *, first: bool, silent: bool) -> tuple[str, ...]:
    """The objects that a call changed and the next will find changed, by name.

    `first`: it was the very first call, which sets up what is needed once; only what was counting already tells.
    `silent`: it returned nothing; a call that returns something and adds to a dictionary keeps it there for later.
    """

    def tells(place: Place) -> bool:
        if not silent and isinstance(place[-1], tuple) and place not in before.places:
            return False
        return not first or _was_counting(before.places.get(place))

    return _named(place for place in _changed(before, after) if tells(place))


def _was_counting(token: object) -> bool:
    """Whether it is a number, or the length of a container, other than the zero of what is not there yet."""
    if isinstance(token, tuple):
        return token[0] in (int, float)
    return isinstance(token, int) and token > 0


def _changed(before: Look, after: Look) -> Iterator[Place]:
    """The places where something else stands, appeared or went; of looks that are not whole only the first."""
    whole = before.whole and after.whole
    for place in {**before.places, **after.places}:
        then, now = before.places.get(place, _MISSING), after.places.get(place, _MISSING)
        if then == now or (not whole and _MISSING in (then, now)):
            continue
        attributes = [step for step in place[1:] if isinstance(step, str)]
        if any(word in str(name).lower() for name in (place[0], *attributes) for word in _CACHES):
            continue
        if _set_when_needed(place, before):
            continue
        yield place


def _set_when_needed(place: Place, before: Look) -> bool:
    """Whether it stands in a private attribute that was not there before, or None."""
    for end in _ends(place):
        step = place[end - 1]
        if end > 1 and isinstance(step, str) and step.startswith("_"):
            then = before.places.get(place[:end], _MISSING)
            if then is _MISSING or then == _token(None):
                return True
    return False


def _ends(place: Place) -> range:
    return range(1, len(place) + 1)


def _named(places: Iterable[Place]) -> tuple[str, ...]:
    """A name for the places of each root: of the part that all of them are in, without keys, which are data."""
    roots: dict[object, list[Place]] = {}
    for place in places:
        roots.setdefault(place[0], []).append(place)
    return tuple(sorted(_words(_common(below)) for below in roots.values()))


def _common(places: list[Place]) -> Place:
    """The steps with which all of them begin."""
    steps = itertools.takewhile(lambda level: len(set(level)) == 1, zip(*places, strict=False))
    return tuple(level[0] for level in steps)


def _words(place: Place) -> str:
    words = str(place[0])
    for step in place[1:]:
        if not isinstance(step, str) or step == _LENGTH:
            break
        words += f".{step}"
    return words


def arguments(function: Callable[..., Any], call: Call) -> dict[str, Any]:
    """What a call is given, by the names of its parameters."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names: list[str] = []
    with suppress(Exception):  # a signature of the user's making
        parameters = inspect.signature(function).parameters.values()
        names = [parameter.name for parameter in parameters if parameter.kind in kinds]
    names += [str(index + 1) for index in range(len(names), len(call.args))]
    given = {f"argument {name}": thing for name, thing in zip(names, call.args, strict=False)}
    return given | {f"argument {name}": thing for name, thing in call.kwargs.items()}


def shared(function: Any, named: Mapping[str, Any]) -> dict[str, Any]:
    """What calls of a function have in common: `self`, its class, closures, and the globals `named` by its code."""
    roots = {name: thing for name, thing in named.items() if _is_followed(thing)}
    for _ in range(10):
        if isinstance(function, FunctionType):
            if _is_users(function.__globals__.get("__name__")):
                cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=False)
                closed = {name: cell.cell_contents for name, cell in cells if _is_filled(cell)}
                roots |= {name: thing for name, thing in closed.items() if type(thing) in _PLAIN or _is_followed(thing)}
            function = function.__dict__.get("__wrapped__")
        elif isinstance(function, MethodType):
            roots |= _owner(function.__self__)
            function = function.__func__
        elif isinstance(function, functools.partial):
            given = {f"argument {index + 1}": thing for index, thing in enumerate(function.args)}
            roots |= {name: thing for name, thing in given.items() if _is_followed(thing)}
            function = function.func
        elif isinstance(function, functools._lru_cache_wrapper):
            function = function.__wrapped__
        else:
            return roots if function is None else roots | _owner(function)
    return roots


def _owner(thing: Any) -> dict[str, Any]:
    """A method's object and its class, or the class whose method it is."""
    roots = {thing.__name__: thing} if isinstance(thing, type) else {"self": thing, type(thing).__name__: type(thing)}
    return {name: root for name, root in roots.items() if _is_followed(root)}


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False


def _is_followed(thing: Any) -> bool:
    """Whether a look goes into it, where it is a root."""
    if type(thing) is FunctionType:
        return _is_users(thing.__globals__.get("__name__"))
    return (
        _is_container(type(thing))
        or _has_attributes(type(thing))
        or (issubclass(type(thing), type) and _has_attributes(thing))
    )


def _is_container(kind: type) -> bool:
    return issubclass(kind, _CONTAINERS) and (
        kind.__module__ in ("builtins", "collections") or _is_users(kind.__module__)
    )


def _has_attributes(kind: type) -> bool:
    """Whether the attributes of its objects are the user's; those of a threading.local are each thread's own."""
    return kind is SimpleNamespace or (_is_users(kind.__module__) and not issubclass(kind, threading.local))


@functools.lru_cache(maxsize=1_000)
def _is_users(module: object) -> bool:
    """Whether a module, by its name, is the user's own: not the standard library's, an installed package's or ours."""
    if module == "__main__":
        return True
    file = getattr(sys.modules.get(str(module)), "__file__", None)
    if not isinstance(file, str):
        return False
    path = Path(file)
    installed = {"site-packages", "dist-packages"} & set(path.parts)
    return not installed and not path.is_relative_to(_STANDARD_LIBRARY) and not path.is_relative_to(_OURS)


def _parts(thing: Any) -> Iterator[tuple[object, Any]]:
    """The elements and attributes of a thing, by the steps to them."""
    kind = type(thing)
    if _is_container(kind):
        yield from islice(_elements_by_key(thing), MOST_ELEMENTS)
    if _has_attributes(kind):
        yield from _attributes(thing)


def _elements_by_key(thing: Any) -> Iterator[tuple[object, Any]]:
    if isinstance(thing, dict):
        for index, (key, value) in enumerate(dict.items(thing)):
            yield ("[", key if type(key) in _PLAIN else f"{type(key).__name__} {index}"), value
    elif not isinstance(thing, (set, frozenset)):
        iterate = next(kind for kind in _CONTAINERS if isinstance(thing, kind)).__iter__
        for index, value in enumerate(iterate(thing)):
            yield ("[", index), value


def _attributes(thing: Any) -> Iterator[tuple[str, Any]]:
    """Of an object, without those that a descriptor of its class keeps there, such as a cached property."""
    kinds = type.__dict__["__mro__"].__get__(type(thing))
    own: dict[str, Any] = {}
    with suppress(AttributeError):  # it has slots alone
        own = object.__getattribute__(thing, "__dict__")
    for name, value in list(dict.items(own)):
        made_by = next((vars(kind)[name] for kind in kinds if name in vars(kind)), None)
        if not hasattr(type(made_by), "__get__"):
            yield name, value
    for kind in filter(lambda kind: _is_users(kind.__module__), kinds):
        for name, slot in list(vars(kind).items()):
            if type(slot) is MemberDescriptorType:
                with suppress(AttributeError):  # nothing was put there yet
                    yield name, slot.__get__(thing)


def _members(thing: Any) -> Iterator[tuple[str, Any]]:
    """What the user keeps in attributes of a class or of a function."""
    for name, value in list(vars(thing).items()):
        plain = type(value) in _PLAIN or _is_container(type(value)) or _has_attributes(type(value))
        if plain and not (name.startswith("__") and name.endswith("__")):
            yield name, value


def _elements(thing: Any) -> list[Any]:
    """What a result is made of, one step down."""
    with suppress(Exception):
        return [part for _, part in _parts(thing)]
    return []


def _token(thing: Any, *, buffers: bool = False) -> object:
    """What differs after a thing was changed, without its parts: of plain data all, of other things the type."""
    kind = type(thing)
    if kind in (str, bytes):
        return kind, thing if len(thing) <= MOST_BYTES else len(thing)
    if kind in (float, complex):
        return kind, repr(thing)  # a nan equals nothing
    if kind in _PLAIN:
        return kind, thing
    name = f"{kind.__module__}.{kind.__qualname__}"
    if name in _NUMBERS or (kind.__module__ == "numpy" and any(base.__name__ == "number" for base in kind.__mro__)):
        return kind, repr(thing)
    if kind in (set, frozenset):
        return kind, frozenset(one for one in islice(thing, MOST_ELEMENTS) if type(one) in _PLAIN)
    if not buffers:
        return kind, None
    with suppress(Exception):  # a library's object of another version
        if name in ("numpy.ndarray", "array.array", "builtins.bytearray"):
            return kind, _content(thing)
        if name == "pandas.core.frame.DataFrame":
            return kind, len(thing), tuple(map(repr, thing.columns))
    return kind, None


def _content(buffer: Any) -> object:
    """The shape of a buffer and a checksum of its bytes; of a large one, of pieces all over it."""
    shape = getattr(buffer, "shape", len(buffer))
    with suppress(Exception):  # it is not in one piece, or holds objects
        flat = memoryview(buffer.view("u1").reshape(-1) if hasattr(buffer, "reshape") else buffer).cast("B")
        size = len(flat)
        pieces = _PIECES if size > MOST_BYTES else 1
        length = min(size, MOST_BYTES) // pieces
        checksum = 0
        for piece in range(pieces):
            start = piece * (size - length) // max(1, pieces - 1)
            checksum = zlib.crc32(flat[start : start + length], checksum)
        return shape, checksum
    return shape
