"""Detect in-place changes by a call: to its arguments, and to objects that it shares with other calls.

A snapshot before the call is compared with one after it. A snapshot lists locations, such as `row`, its element
'score' or `self.total`, with the state of what is there. It follows containers, and the attributes of objects whose
classes are the user's own, and runs none of their code; of all other objects only the type counts, so counters,
connections and random generators within libraries may change. Snapshots are bounded in time, size and depth; changes
beyond the bounds are not seen.

Changes that a worker process may lose without harm are left out: what the call returns too, what is set once when it is
first needed, and what looks like a cache. A missed change is better than a false alarm.
"""

from __future__ import annotations

import functools
import inspect
import numbers
import threading
import time
import zlib
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice, takewhile
from types import FunctionType, MemberDescriptorType, MethodType, SimpleNamespace
from typing import Any

from advisor.measure.introspection import LruCacheWrapper, closure_values, module_origin
from advisor.target.inputs import Call

MAX_SECONDS = 0.01  # of CPU for a snapshot
MAX_LOCATIONS = 5_000
MAX_ELEMENTS = 1_000  # of a container
MAX_DEPTH = 6  # steps from a root
MAX_BYTES = 1 << 20  # of a buffer that are read, and of a text that is kept
_PLAIN = (int, float, complex, str, bytes, bool, type(None))
_CONTAINERS = (list, tuple, deque, set, frozenset, dict)
CACHE_WORDS = ("cache", "memo")
_LENGTH = object()  # the step to a container's length
_MISSING = object()

Location = tuple[object, ...]  # a root's name and steps: an attribute's name, or a tuple with an element's key


class Snapshot:
    """The state of everything below some roots; `cut` has the roots with more than a snapshot may list."""

    def __init__(self, roots: Mapping[str, Any], *, buffers: bool, returned: Any = None) -> None:
        """Look at the roots, which are objects by name, and at the content of arrays among them if `buffers`.

        `self.returned` gets the locations of what the call returned and of its parts.
        """
        self.states: dict[Location, object] = {}
        self.cut: set[object] = set()
        self.returned: set[Location] = set()
        self._buffers = buffers
        self._ends = time.thread_time() + MAX_SECONDS  # CPU time, so a busy host does not shorten it
        self._ancestors: set[int] = set()
        self._returned_ids = {id(thing) for thing in (returned, *_direct_parts(returned)) if type(thing) not in _PLAIN}
        for name, thing in roots.items():
            try:
                self._visit((name,), thing)
            except Exception:  # noqa: BLE001  (the user's objects may raise anything)
                self.cut.add(name)

    def _visit(self, location: Location, thing: Any) -> None:
        if len(self.states) >= MAX_LOCATIONS or time.thread_time() > self._ends:
            self.cut.add(location[0])
            return
        self.states[location] = _state(thing, buffers=self._buffers)
        if id(thing) in self._returned_ids:
            self.returned.add(location)
        if len(location) > MAX_DEPTH or id(thing) in self._ancestors:
            return
        self._ancestors.add(id(thing))
        if isinstance(thing, (list, deque, set)):
            self.states[(*location, _LENGTH)] = len(thing)
        is_root_definition = len(location) == 1 and isinstance(thing, (type, FunctionType))
        for step, part in _members(thing) if is_root_definition else _parts(thing):
            self._visit((*location, step), part)
        self._ancestors.discard(id(thing))


def changed_arguments(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """Return the names of the arguments that a call changed and did not return."""
    return _names(
        location
        for location in _changed(before, after)
        if not any(prefix in after.returned for prefix in _prefixes(location))
    )


def changed_shared(before: Snapshot, after: Snapshot, *, first: bool, returned_none: bool) -> dict[str, frozenset[str]]:
    """Return the names of the shared objects that a call changed and the next one finds changed.

    Each comes with the attributes that hold what changed, "" standing for what no attribute holds. The very first call
    may set things up, so only existing counters are reported for it. A call that returns something and adds to a
    dictionary stores it there for later.
    """

    def matters(location: Location) -> bool:
        is_new = any(isinstance(prefix[-1], tuple) and prefix not in before.states for prefix in _prefixes(location))
        if is_new and not returned_none:
            return False
        return not first or _was_counting(before.states.get(location))

    below: dict[object, list[Location]] = defaultdict(list)
    for location in filter(matters, _changed(before, after)):
        below[location[0]].append(location)
    names = ((_names(locations)[0], locations) for locations in below.values())
    return {name: frozenset(map(_attribute, locations)) for name, locations in sorted(names)}


def _attribute(location: Location) -> str:
    """Return the last attribute that leads to a location, or ""."""
    return next((step for step in reversed(location[1:]) if isinstance(step, str)), "")


def changed_names(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """Return the names of the objects with any change."""
    return _names(_changed(before, after))


def changed_elements(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """Return the names of the objects with elements that existed before and have other values now."""
    return _names(
        location
        for location in _changed(before, after)
        if location in before.states and location in after.states and any(isinstance(step, tuple) for step in location)
    )


def changed_numbers(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """Return the names of the objects with numbers that have changed: counters and totals."""
    return _names(
        location
        for location in _changed(before, after)
        if all(_is_number(snapshot.states.get(location)) for snapshot in (before, after))
    )


def _is_number(state: object) -> bool:
    return isinstance(state, tuple) and state[0] in (int, float)


def _was_counting(state: object) -> bool:
    """Return True for a number, and for a length other than that of an empty container."""
    return _is_number(state) or (isinstance(state, int) and state > 0)


def _changed(before: Snapshot, after: Snapshot) -> Iterator[Location]:
    """Yield the locations whose state changed; those that appeared or went only if neither snapshot cut their root."""
    cut = before.cut | after.cut
    for location in {**before.states, **after.states}:
        old, new = before.states.get(location, _MISSING), after.states.get(location, _MISSING)
        if old == new or (location[0] in cut and _MISSING in (old, new)):
            continue
        names = [step.lower() for step in location if isinstance(step, str)]
        if not any(word in name for name in names for word in CACHE_WORDS) and not _is_lazy(location, before):
            yield location


def _is_lazy(location: Location, before: Snapshot) -> bool:
    """Return True if it is in a private attribute that was missing or None before, so set when first needed."""
    return any(
        isinstance(prefix[-1], str)
        and prefix[-1].startswith("_")
        and before.states.get(prefix, _MISSING) in (_MISSING, _state(None))
        for prefix in _prefixes(location)[1:]
    )


def _prefixes(location: Location) -> list[Location]:
    return [location[:end] for end in range(1, len(location) + 1)]


def _names(locations: Iterable[Location]) -> tuple[str, ...]:
    """Return one name for each root: the attributes that lead to all of its changes, without keys, which are data."""
    paths: dict[object, list[tuple[Any, ...]]] = defaultdict(list)
    for location in locations:
        paths[location[0]].append(tuple(takewhile(lambda step: isinstance(step, str), location)))
    return tuple(sorted(".".join(_common_prefix(below)) for below in paths.values()))


def _common_prefix(paths: list[tuple[Any, ...]]) -> list[str]:
    levels = zip(*paths, strict=False)
    return [level[0] for level in takewhile(lambda level: len(set(level)) == 1, levels)]


def named_arguments(function: Callable[..., Any], call: Call) -> dict[str, Any]:
    """Return the arguments of a call by the names of their parameters."""
    names = positional_parameters(function)
    names += [str(index + 1) for index in range(len(names), len(call.args))]
    arguments = {**dict(zip(names, call.args, strict=False)), **call.kwargs}
    return {f"argument {name}": value for name, value in arguments.items()}


def positional_parameters(function: Callable[..., Any]) -> list[str]:
    """Return the names of the parameters that can be passed by position."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    with suppress(Exception):  # a user's `__signature__` may be invalid
        parameters = inspect.signature(function).parameters.values()
        return [parameter.name for parameter in parameters if parameter.kind in kinds]
    return []


def shared_objects(function: Any, module_globals: Mapping[str, Any]) -> dict[str, Any]:
    """Return the objects that calls of a function share: `self`, its class, closures, and the globals that it uses."""
    roots = _followed(module_globals)
    for _ in range(10):
        if isinstance(function, FunctionType):
            if module_origin(function.__globals__.get("__name__")) == "user":
                closure = closure_values(function)
                roots |= {name: value for name, value in closure.items() if type(value) in _PLAIN} | _followed(closure)
                roots |= _followed(default_arguments(function))
            function = function.__dict__.get("__wrapped__")
        elif isinstance(function, MethodType):
            roots |= _owner(function.__self__)
            function = function.__func__
        elif isinstance(function, functools.partial):
            roots |= _followed({f"argument {index}": value for index, value in enumerate(function.args, 1)})
            function = function.func
        elif isinstance(function, LruCacheWrapper):
            function = function.__wrapped__
        else:
            return roots if function is None else roots | _owner(function)
    return roots


def default_arguments(function: FunctionType) -> dict[str, Any]:
    """Return the default values of a function's parameters, which all calls share."""
    code, values = function.__code__, function.__defaults__ or ()
    names = code.co_varnames[code.co_argcount - len(values) : code.co_argcount]
    return {**dict(zip(names, values, strict=True)), **(function.__kwdefaults__ or {})}


def _owner(thing: Any) -> dict[str, Any]:
    """Return an object and its class, or the class itself."""
    is_class = isinstance(thing, type)
    return _followed({thing.__name__: thing} if is_class else {"self": thing, type(thing).__name__: type(thing)})


def _followed(roots: Mapping[str, Any]) -> dict[str, Any]:
    """Return the roots that a snapshot looks into."""
    return {name: thing for name, thing in roots.items() if _is_followed(thing)}


def _is_followed(thing: Any) -> bool:
    kind = type(thing)
    if kind is FunctionType:
        return module_origin(thing.__globals__.get("__name__")) == "user"
    return _is_container(kind) or _has_attributes(kind) or (issubclass(kind, type) and _has_attributes(thing))


def _is_container(kind: type) -> bool:
    return issubclass(kind, _CONTAINERS) and (kind.__module__ in ("builtins", "collections") or _is_users(kind))


def _has_attributes(kind: type) -> bool:
    """Return True if the attributes of its objects are the user's; those of a threading.local are each thread's own."""
    return kind is SimpleNamespace or (_is_users(kind) and not issubclass(kind, threading.local))


def _is_users(kind: type) -> bool:
    return module_origin(kind.__module__) == "user"


def _parts(thing: Any) -> Iterator[tuple[object, Any]]:
    """Yield the elements and attributes of an object, with the steps to them."""
    kind = type(thing)
    if _is_container(kind):
        yield from islice(_elements(thing), MAX_ELEMENTS)
    if _has_attributes(kind):
        yield from _attributes(thing)


def _direct_parts(result: Any) -> list[Any]:
    with suppress(Exception):
        return [part for _, part in _parts(result)]
    return []


def _elements(thing: Any) -> Iterator[tuple[object, Any]]:
    if isinstance(thing, dict):
        for index, (key, value) in enumerate(dict.items(thing)):
            yield ("[", key if type(key) in _PLAIN else f"{type(key).__name__} {index}"), value
    elif not isinstance(thing, (set, frozenset)):
        iterate = next(kind for kind in _CONTAINERS if isinstance(thing, kind)).__iter__
        for index, value in enumerate(iterate(thing)):
            yield ("[", index), value


def _attributes(thing: Any) -> Iterator[tuple[str, Any]]:
    """Yield an object's attributes, without those that a descriptor of its class stores, such as a cached property."""
    classes = type.__dict__["__mro__"].__get__(type(thing))
    own: dict[str, Any] = {}
    with suppress(AttributeError):  # it has only slots
        own = object.__getattribute__(thing, "__dict__")
    for name, value in list(dict.items(own)):
        descriptor = next((vars(cls)[name] for cls in classes if name in vars(cls)), None)
        if not hasattr(type(descriptor), "__get__"):
            yield name, value
    for cls in filter(_is_users, classes):
        for name, slot in list(vars(cls).items()):
            if type(slot) is MemberDescriptorType:
                with suppress(AttributeError):  # the slot is empty
                    yield name, slot.__get__(thing)


def _members(thing: Any) -> Iterator[tuple[str, Any]]:
    """Yield the data in the attributes of a class or a function."""
    for name, value in list(vars(thing).items()):
        is_data = type(value) in _PLAIN or _is_container(type(value)) or _has_attributes(type(value))
        if is_data and not (name.startswith("__") and name.endswith("__")):
            yield name, value


def _state(thing: Any, *, buffers: bool = False) -> object:
    """Return a value that differs after the object has changed: plain data as it is, else the type."""
    kind = type(thing)
    if kind in (str, bytes):
        return kind, thing if len(thing) <= MAX_BYTES else len(thing)
    if kind in (float, complex):
        return kind, repr(thing)  # a nan equals nothing
    if kind in _PLAIN:
        return kind, thing
    if issubclass(kind, numbers.Number) and not _is_users(kind):
        return kind, repr(thing)
    if kind in (set, frozenset):
        return kind, frozenset(element for element in islice(thing, MAX_ELEMENTS) if type(element) in _PLAIN)
    if buffers:
        name = f"{kind.__module__}.{kind.__qualname__}"
        with suppress(Exception):  # a library's object of another version
            if name in ("numpy.ndarray", "array.array", "builtins.bytearray"):
                return kind, _buffer_state(thing)
            if name == "pandas.core.frame.DataFrame":
                return kind, len(thing), tuple(map(repr, thing.columns))
    return kind, None


def _buffer_state(buffer: Any) -> object:
    """Return the shape of a buffer and a checksum of its bytes, in a large one of some of them."""
    shape = getattr(buffer, "shape", len(buffer))
    with suppress(Exception):  # it is not contiguous, or holds objects
        flat = memoryview(buffer.view("u1").reshape(-1) if hasattr(buffer, "reshape") else buffer).cast("B")
        # An odd step reads every byte of the items in turn, of which some may be zero in all of them.
        return shape, zlib.crc32(bytes(flat[:: len(flat) // MAX_BYTES | 1]))
    return shape
