"""Choose the instructions at which threads are switched: those that access what several calls use."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from advisor.interleaving.observations import Learned, Points
from advisor.interleaving.schedule import Run
from advisor.interleaving.sites import CodeKey


@dataclass(slots=True)
class SwitchPoints:
    """The points of a pair of calls.

    Attributes:
        conflicts: Instructions with an access that conflicts with another call's.
        everything: All instructions with an access to something that might be shared.
        writing: Those of `conflicts` that write.
        locks: The identities of locks that several calls use.
    """

    conflicts: set[tuple[CodeKey, int]] = field(default_factory=set)
    everything: set[tuple[CodeKey, int]] = field(default_factory=set)
    writing: set[tuple[CodeKey, int]] = field(default_factory=set)
    locks: set[int] = field(default_factory=set)
    is_complete: bool = True

    def learn(self, run: Run, *, with_outside: bool) -> None:
        """Add the points that a run shows."""
        users = defaultdict(set)
        for thread, lock in run.used_locks:
            users[lock].add(thread)
        self.locks |= {lock for lock, threads in users.items() if len(threads) > 1}
        if run.learned is None:
            return
        self.is_complete &= run.learned.is_complete
        self.everything |= run.learned.everything
        for key in run.learned.writes:
            if key[0] != "outside" or with_outside:
                self._add_conflict(run.learned, key)

    def _add_conflict(self, learned: Learned, key: tuple[object, ...]) -> None:
        kind, identity, name = key
        if identity is None and kind == "attribute":
            same = [k for k in (*learned.reads, *learned.writes) if k[0] == kind and k[2] == name]
        else:
            same = [key, *([(kind, None, name)] if kind == "attribute" else [])]
        writers = set().union(*(learned.writes.get(k, set()) for k in same))
        users = writers.union(*(learned.reads.get(k, set()) for k in same))
        if len({thread for thread, _, _ in users}) > 1:
            self.conflicts |= {(code, offset) for _, code, offset in users}
            self.writing |= {(code, offset) for _, code, offset in writers}


def as_points(places: Iterable[tuple[CodeKey, int]]) -> Points:
    """Return instructions by code object."""
    grouped: dict[CodeKey, set[int]] = defaultdict(set)
    for code, offset in places:
        grouped[code].add(offset)
    return {code: frozenset(offsets) for code, offsets in grouped.items()}
