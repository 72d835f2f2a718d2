"""Compare what came out of a schedule with what comes out of the calls one after the other, in every order."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from advisor.interleaving.file_texts import file_path
from advisor.interleaving.schedule import Run
from advisor.interleaving.state import Components

DEADLOCK = "deadlock"
CRASHES = ("crashed", "ended the process")  # how the end of a run that brought the process down begins
_SHAPE = re.compile(r"\w+ (of \d+|object)")  # of a container or an object, whose parts have paths of their own
_PART = re.compile(r"[.\[]")


@dataclass(slots=True)
class Judge:
    """Knows the outcomes of the sequential orders, and the components that vary by themselves.

    Attributes:
        varying: Paths of components that differed between two runs of one order.
        before: The state before the calls.
        logs: Lists that are used as logs or pools, whose order may not matter.
    """

    calls: int
    orders: list[Components] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    varying: set[str] = field(default_factory=set)
    may_deadlock: bool = False
    before: Components = field(default_factory=dict)
    logs: set[str] = field(default_factory=set)
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
        self.logs |= first.logs
        for other in ended[1:]:
            self._ignore_differences(first.leaves, other.leaves)
        self.orders.append(first.leaves)
        self.runs.append(first)

    def compare_again(self, run: Run) -> None:
        """Learn what varies from a later run of an order, by comparing it with the known outcome that is nearest."""
        if self.orders:
            self._ignore_differences(
                min(self.orders, key=lambda order: len(self._differing(run.leaves, order))), run.leaves
            )

    def _ignore_differences(self, one: Components, other: Components) -> None:
        for path in one.keys() | other.keys():
            if one.get(path) != other.get(path):
                self._ignore(path, path in one and path in other)

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
        if run.ended.startswith(CRASHES):
            return True
        if run.ended != "done" or not self.orders:
            return False
        return bool(self.differences(run)) and not any(self._is_log_order(run.leaves, order) for order in self.orders)

    def _is_log_order(self, leaves: Components, order: Components) -> bool:
        """Return True if nothing but the order of a log or a pool differs, to which each call adds at most one entry.

        Two calls that append to a list may do so in either order, whatever they did before. Where other state tells
        the order of the calls, such as a second list, the two belong together.
        """
        differing = self._differing(leaves, order)
        logs = {log for log in self.logs if any(path.startswith(f"{log}[") for path in differing)}
        if len(logs) != 1:
            return False
        log = f"{logs.pop()}["
        if any(not path.startswith(log) for path in differing) or self._tells_order(log):
            return False
        entries = _entries(leaves, log)
        added = sum(entries.values()) - sum(_entries(self.before, log).values())
        return entries == _entries(order, log) and added <= self.calls

    def _tells_order(self, log: str) -> bool:
        """Return True if state other than the log differs from one sequential order to another."""
        return any(
            not path.startswith((log, "call "))
            for one, other in itertools.combinations(self.orders, 2)
            for path in self._differing(one, other)
        )

    def compares_anything(self) -> bool:
        """Return True unless all that the calls return and change varies by itself."""
        outcomes = [path for order in self.orders for path in order if self._is_outcome(path, order)]
        return not self.varying or any(not self.is_ignored(path) for path in outcomes)

    def _is_outcome(self, path: str, order: Components) -> bool:
        """Return True for a part of a result, or of the state that calls change, that tells something."""
        text = order[path]
        if path.startswith("call "):
            return text != "None" and not _SHAPE.fullmatch(text)
        return not path.startswith("arguments of ") and self.before.get(path) != text and not _SHAPE.fullmatch(text)


def _entries(leaves: Components, log: str) -> Counter[tuple[tuple[str, str], ...]]:
    """Return the entries of a list, each as its components."""
    found: dict[str, list[tuple[str, str]]] = {}
    for path, text in leaves.items():
        if path.startswith(log):
            number, _, rest = path[len(log) :].partition("]")
            found.setdefault(number, []).append((rest, text))
    return Counter(tuple(sorted(entry)) for entry in found.values())
