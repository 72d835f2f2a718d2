"""Compare what came out of a schedule with what comes out of the calls one after the other, in every order."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from advisor.races.files import file_path
from advisor.races.schedule import Run
from advisor.races.state import Components

DEADLOCK = "deadlock"
_PART = re.compile(r"[.\[]")


@dataclass(slots=True)
class Judge:
    """Knows the outcomes of the sequential orders, and the components that vary by themselves.

    Attributes:
        varying: Paths of components that differed between two runs of one order.
    """

    orders: list[Components] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    varying: set[str] = field(default_factory=set)
    may_deadlock: bool = False
    _writers: Counter[str] = field(default_factory=Counter)

    def learn(self, runs: Iterable[Run]) -> None:
        """Learn an order from several runs of it."""
        runs = list(runs)
        ended = [run for run in runs if run.ended == "done"]
        for run in runs:
            self._writers.update(map(file_path, run.files))
        self.may_deadlock |= any(run.ended == DEADLOCK for run in runs)
        if not ended:
            return
        first = ended[0]
        for other in ended[1:]:
            for path in first.leaves.keys() | other.leaves.keys():
                if first.leaves.get(path) != other.leaves.get(path):
                    self._ignore(path, path in first.leaves and path in other.leaves)
        self.orders.append(first.leaves)
        self.runs.append(first)

    def _ignore(self, path: str, is_in_both: bool) -> None:
        """Ignore a component; where it exists only sometimes, its whole container, whose keys vary."""
        self.varying.add(path if is_in_both else path[: max(path.rfind("["), path.rfind("."))] or path)

    def is_ignored(self, path: str) -> bool:
        """Return True if the component, or what contains it, varies by itself."""
        if path.startswith("file ") and self._writers[path] < 2:
            return True  # one of a random name
        if not self.varying:
            return False
        if path in self.varying:
            return True
        return any(path[: match.start()] in self.varying for match in _PART.finditer(path))

    def differences(self, run: Run) -> set[str]:
        """Return the paths in which a run differs from the sequential order that is most like it."""
        if not self.orders:
            return set()
        return min((self._differing(run.leaves, order) for order in self.orders), key=len)

    def _differing(self, leaves: Components, order: Components) -> set[str]:
        paths = leaves.keys() | order.keys()
        return {path for path in paths if leaves.get(path) != order.get(path) and not self.is_ignored(path)}

    def accuses(self, run: Run) -> bool:
        """Return True if no sequential order ends as the run did."""
        if run.ended == DEADLOCK:
            return not self.may_deadlock
        return run.ended == "done" and bool(self.orders) and bool(self.differences(run))

    def compares_anything(self) -> bool:
        """Return True if some result, or some state that the calls change, does not vary by itself."""
        paths = {path for order in self.orders for path in order}
        return any(not self.is_ignored(path) for path in paths)
