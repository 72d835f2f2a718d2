"""Inspect what some iterations of a loop change outside of themselves, and the sizes of what they read."""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from time import perf_counter
from types import FrameType, FunctionType, MappingProxyType, ModuleType
from typing import Any

from advisor.measure.shared_state.mutations import Snapshot, changed_names
from advisor.survey.repeated_objects import SeenItems, is_shared_within

INSPECTED = (1, 2, 3, 10, 50, 200)  # the iterations, from 0; the first may set things up
COST_SHARE = 0.3  # of the loop's time that inspecting may take
LEAST_COST = 0.1  # seconds that it may take in any case
KEPT_ITEMS = 3
COPIED = 100_000  # items of a container that is copied to see which of them are new


@dataclass
class SeenChange:
    """The changes of one name, over the iterations that were inspected."""

    rebound: int = 0
    grown: int = 0
    items: int = 0
    other: int = 0
    keys: set[Any] = field(default_factory=set)
    keys_repeat: bool = False


class IterationEffects:
    """Compares the variables of a loop before and after some of its iterations.

    Args:
        names: That the body reads or writes, and that exist outside of an iteration.
        private: Those of them that an iteration sets before it reads them.
        read: Those of them that are read and never changed, which a worker needs.
        item: The name of the loop's own item, if iterations change it; '' otherwise.
        parts: Attributes of the item whose objects iterations change.
        containers: By the names of those that are written by item, what of their items changes.
    """

    def __init__(
        self,
        names: tuple[str, ...],
        private: frozenset[str] = frozenset(),
        read: frozenset[str] = frozenset(),
        item: str = "",
        parts: tuple[str, ...] = (),
        containers: Mapping[str, Iterable[str]] = MappingProxyType({}),
    ) -> None:
        self.watched = 0
        self.changes: dict[str, SeenChange] = {}
        self.random = False
        self.output = False
        self.items: list[Any] = []
        self.are_rows = False  # of a table of pandas
        self.reads: dict[str, Any] = {}  # by name: what a process would have to be sent to run an iteration
        self.added: list[tuple[Any, ...]] = []  # by each iteration that was inspected
        self.made: list[Any] = []  # by the first iterations of an expression
        self.cost = 0.0
        self.is_inspecting = False
        self.item = item
        self.items_seen = SeenItems(parts)
        self.shared_within: set[str] = set()  # names of containers in which iterations change the same objects
        self._containers = containers
        self.reads_files = self.writes_files = self.files_unclear = False
        self.shared_file = ""  # that one iteration wrote, and another one used
        self._names, self._private, self._read = names, private, read
        self._began = perf_counter()
        self._before: _State | None = None

    def look_at(self, items: Any, iterator: Iterator[Any]) -> Iterator[Any]:
        """Return the iterator over the items of a loop; if iterations change them, note whether some are shared."""
        return self.items_seen.watch(items, iterator) if self.item else iterator

    def note_file(self, writes: bool, shared: str, unclear: bool) -> None:
        """Note that an iteration uses a file, the first one that iterations share, and whether they are told apart."""
        self.writes_files |= writes
        self.reads_files |= not writes
        self.shared_file = self.shared_file or shared
        self.files_unclear |= unclear

    def is_due(self, iterations: int, now: float) -> bool:
        """Return True if the next iteration should be inspected."""
        if iterations not in INSPECTED:
            return False
        return self.cost <= max(LEAST_COST, COST_SHARE * (now - self._began))

    def before(self, frame: FrameType, item: Any) -> float:
        """Look at the variables before an iteration, and return when the iteration begins."""
        began = perf_counter()
        if len(self.items) < KEPT_ITEMS:
            sent = _as_sent(item)
            self.items.append(sent)
            self.are_rows = sent is not item
        self._before = _State(self._values(frame))
        self._look_into(self._before.values)
        if not self.reads:
            self.reads = dict(_sent(frame, self._read & self._before.values.keys()))
        self.is_inspecting = True
        ended = perf_counter()
        self.cost += ended - began
        return ended

    def _look_into(self, values: Mapping[str, Any]) -> None:
        """Note containers that are written by item, and whose items are not apart from each other."""
        for name, parts in self._containers.items():
            if name in values and name not in self.shared_within and is_shared_within(values[name], parts):
                self.shared_within.add(name)

    def after(self, frame: FrameType) -> None:
        """Compare the variables after an iteration with those before it."""
        began = perf_counter()
        self.is_inspecting = False
        if self._before is None:
            return
        before, after = self._before, _State(self._values(frame))
        self._before = None
        self.watched += 1
        self.random |= before.random != after.random
        self.output |= before.written != after.written
        names = before.values.keys() & after.values.keys() - self._private
        for name in names:
            self._compare(name, before, after)
        self.added.append(tuple(added for name in sorted(names) if (added := before.added(name, after)) is not None))
        self.cost += perf_counter() - began

    @property
    def has_results(self) -> bool:
        """True if no more results of an expression are needed."""
        return len(self.made) >= KEPT_ITEMS

    def results(self, made: Any) -> Any:
        """Keep the first results of an expression that makes one for each item; return all of them."""
        if self.has_results:
            return made
        if isinstance(made, Iterator):
            return chain(self._kept(made), made)
        items = made.items() if isinstance(made, dict) else getattr(made, "iloc", made)
        with contextlib.suppress(Exception):
            self.made.extend(items[:KEPT_ITEMS] if hasattr(items, "__getitem__") else islice(items, KEPT_ITEMS))
        return made

    def _kept(self, made: Iterator[Any]) -> Iterator[Any]:
        for result in islice(made, KEPT_ITEMS):
            self.made.append(result)
            yield result

    def forget(self) -> None:
        """Leave an iteration that has ended the loop out."""
        self._before = None
        self.is_inspecting = False

    def _values(self, frame: FrameType) -> dict[str, Any]:
        """Return the objects that the names stand for, such as 'rows' and 'self.total', as far as there are any."""
        return dict(_looked_up(frame, self._names))

    def _compare(self, name: str, before: _State, after: _State) -> None:
        old, new = before.values[name], after.values[name]
        if old is not new and not _is_equal_scalar(old, new):
            self._change(name).rebound += 1
            return
        if name not in changed_names(before.snapshot, after.snapshot) and before.sizes[name] == after.sizes[name]:
            return
        change = self._change(name)
        if isinstance(new, dict):
            keys = before.new_keys(name, new)
            change.items += 1
            change.keys_repeat |= bool(change.keys & keys) or not keys
            change.keys |= keys
        elif (size := before.sizes[name]) is not None and (after.sizes[name] or 0) > size:
            change.grown += 1
        else:
            change.other += 1

    def _change(self, name: str) -> SeenChange:
        return self.changes.setdefault(name, SeenChange())


class _State:
    """The variables at one moment."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = dict(values)
        data = {name: value for name, value in values.items() if _is_data(value)}
        self.snapshot = Snapshot(data, buffers=True)
        self.sizes = {name: _size(value) for name, value in values.items()}
        small = {name: value for name, value in data.items() if (self.sizes[name] or COPIED) < COPIED}
        self.items = {name: dict(value) for name, value in small.items() if isinstance(value, dict)}
        self.grouped = {name: dict(_lengths(value)) for name, value in self.items.items()}
        self.members = {name: set(value) for name, value in small.items() if isinstance(value, set)}
        self.random = _random_states()
        self.written = _bytes_written()

    def new_keys(self, name: str, now: dict[Any, Any]) -> set[Any]:
        """Return the keys that a dictionary has got since."""
        return now.keys() - self.items[name].keys() if name in self.items else set()

    def added(self, name: str, after: _State) -> Any:
        """Return what an iteration has added to an object, or put in its place, as it would send it back; or None."""
        old, new = self.values[name], after.values[name]
        if old is not new:
            return new
        if isinstance(new, list):
            return new[self.sizes[name] :] or None
        if name in self.members:
            return new - self.members[name] or None
        return dict(self._new_items(name, new)) or None if name in self.items else None

    def _new_items(self, name: str, now: dict[Any, Any]) -> Iterator[tuple[Any, Any]]:
        """Yield the items of a dictionary that are new or others than before; of a list that has grown, the end."""
        old, lengths = self.items[name], self.grouped[name]
        for key, value in now.items():
            if old.get(key, _MISSING) is not value:
                yield key, value
            elif isinstance(value, list) and len(value) > lengths[key]:
                yield key, value[lengths[key] :]


def _lengths(groups: dict[Any, Any]) -> Iterator[tuple[Any, int]]:
    return ((key, len(value)) for key, value in groups.items() if isinstance(value, list))


def _as_sent(item: Any) -> Any:
    """Return an item as a process gets it: of a row of a table, the values."""
    is_row = type(item).__name__ == "Pandas" or (hasattr(item, "iloc") and getattr(item, "ndim", 0) == 1)
    if is_row:
        return tuple(item)
    is_labelled = type(item) is tuple and len(item) == 2 and hasattr(item[1], "iloc")  # of `iterrows`
    return (item[0], _as_sent(item[1])) if is_labelled else item


def _sent(frame: FrameType, names: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """Yield the objects around an iteration that its names begin with; workers have those of the module already."""
    for name in {dotted.partition(".")[0] for dotted in names}:
        scope = next((scope for scope in _scopes(frame) if name in scope), frame.f_globals)
        if scope is not frame.f_globals and _is_data(scope[name]):
            yield name, scope[name]


def _scopes(frame: FrameType) -> Iterator[Mapping[str, Any]]:
    """Yield the variables in reach, the nearest first; a comprehension has those of the function around it."""
    yield frame.f_locals
    if frame.f_code.co_name.startswith("<") and frame.f_back is not None:
        yield frame.f_back.f_locals
    yield frame.f_globals


def _looked_up(frame: FrameType, names: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    scopes = tuple(_scopes(frame))
    for dotted in names:
        name, *attributes = dotted.split(".")
        for scope in scopes:
            if name in scope:
                value = scope[name]
                break
        else:
            continue
        for attribute in attributes:
            value = getattr(value, "__dict__", {}).get(attribute, _MISSING)  # runs no code of the user
        if value is not _MISSING:
            yield dotted, value


_MISSING = object()


def _is_data(value: Any) -> bool:
    return not isinstance(value, (ModuleType, FunctionType, type)) and not callable(value)


def _is_equal_scalar(old: Any, new: Any) -> bool:
    return type(old) is type(new) and isinstance(old, (int, float, str, bytes, bool, complex)) and old == new


def _size(value: Any) -> int | None:
    return len(value) if isinstance(value, (list, dict, set, bytearray)) else None


def _random_states() -> tuple[object, ...]:
    """Return the states of the random generators that a whole process shares."""
    states: list[object] = [hash(random.getstate())]
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        state = numpy.get_state(legacy=True)
        states.append((state[2], hash(state[1].tobytes())))
    return tuple(states)


def _bytes_written() -> int:
    """Return the bytes that this process has written so far, to any file; 0 where the kernel does not count them."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    try:
        with open("/proc/self/io", "rb", buffering=0) as counts:  # noqa: PTH123
            return int(counts.read(1024).split(b"wchar:")[1].split()[0])
    except (OSError, IndexError, ValueError):
        return 0
