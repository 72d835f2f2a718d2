"""Records of a traced schedule: the accesses of calls, and the events for the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from advisor.interleaving.sites import CodeKey

Points = Mapping[CodeKey, frozenset[int]]  # offsets of instructions by code object


Callers = tuple[tuple[str, int], ...]  # files and lines of the user's calls that lead somewhere, the innermost first


@dataclass(slots=True)
class Event:
    """Something that a thread did, for the report."""

    thread: int
    file: str
    line: int
    function: str
    action: str  # "reads", "writes", "changes", "calls", "acquires", "releases", "waits"
    text: str = ""
    value: str = ""
    key: Any = None
    callers: Callers = ()


_PUT_AND_TAKE = {"append", "appendleft", "pop", "popleft"}


@dataclass(slots=True)
class Learned:
    """Accesses of the calls, by instruction.

    Attributes:
        reads: The threads and instructions that read an object, by the object.
        writes: Those that change it.
        changes: The names of the methods that change an object, by its identity.
        everything: All these instructions.
        is_complete: False if instructions ran so often that their later accesses were not looked at.
    """

    reads: dict[Any, set[tuple[int, CodeKey, int]]] = field(default_factory=dict)
    writes: dict[Any, set[tuple[int, CodeKey, int]]] = field(default_factory=dict)
    changes: dict[int, set[str]] = field(default_factory=dict)
    everything: set[tuple[CodeKey, int]] = field(default_factory=set)
    is_complete: bool = True

    def add(self, key: Any, writes: bool, thread: int, code: CodeKey, offset: int) -> None:
        (self.writes if writes else self.reads).setdefault(key, set()).add((thread, code, offset))
        self.everything.add((code, offset))

    def lists_in_any_order(self) -> set[int]:
        """Return the identities of the objects that are used as logs or pools: items are put in and taken out."""
        return {identity for identity, methods in self.changes.items() if methods <= _PUT_AND_TAKE}
