"""Bring the user's modules to the workers, and check that the workers have everything else."""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import pickle
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import cloudpickle

from advisor.clusters import on_worker
from advisor.clusters.by_value import pickle_by_value
from advisor.clusters.engine import Engine, News
from advisor.clusters.user_modules import Needs, find_needs
from advisor.errors import UsageError

CHECK_SECONDS = 60.0  # for the first worker to answer; all may be busy with the calls of others
OTHERS_SHARE = 0.05  # of that time, for the other workers from then on


def prepare(engine: Engine, function: Callable[..., Any]) -> Prepared:
    """Return what it takes to call a function on an engine's workers."""
    return Prepared(engine, find_needs(function))


class Prepared:
    """The modules that a function needs, and the checks of the workers.

    Attributes:
        warnings: Packages whose versions here and on workers differ, one line for each.
        check_program: A reference to a program that looks at a worker, for `Engine.submit`.
        check_payload: Its payload.
    """

    def __init__(self, engine: Engine, needs: Needs, *, patience: float = CHECK_SECONDS) -> None:
        self.warnings: list[str] = []
        self._engine = engine
        self._needs = needs
        self._patience = patience
        self._here = {name: _distributions(name) for name in sorted(needs.packages | {"cloudpickle"})}
        self.check_program = engine.share(pickle_by_value(on_worker.look, on_worker))
        self.check_payload = pickle.dumps((self._here, sorted(needs.compiled)))

    def program(self, function: Callable[..., bytes], *modules: Any) -> bytes:
        """Pickle a program, with the code of advisor's modules that it comes from.

        A worker that loads it has the user's modules from then on.
        """
        sources = {name: (text, file, package) for name, (text, file, package) in self._needs.sources.items()}
        return pickle_by_value(on_worker.Shipment(sources, pickle_by_value(function, *modules)), on_worker)

    def check(self, workers: Iterable[str]) -> None:
        """Look at workers before the job; no other tasks of the engine may be in flight.

        Workers that are busy with the calls of others do not hold up the job once one has answered.

        Raises:
            UsageError: Workers lack something, or none of them answers.
        """
        tickets = {self._engine.submit(each, self.check_program, self.check_payload): each for each in workers}
        answers: dict[str, bytes] = {}
        end = time.monotonic() + self._patience
        while tickets and (left := end - time.monotonic()) > 0:
            for each in self._engine.receive(left):
                worker = tickets.pop(each.ticket, None)
                if worker is not None and (answer := _answer(each)) is not None:
                    answers[worker] = answer
                    end = min(end, time.monotonic() + self._patience * OTHERS_SHARE)
        for ticket in tickets:
            self._engine.abandon(ticket)
        if tickets and not answers:
            raise UsageError(
                f"the workers of {self._engine.address} do not answer within {self._patience:g} s: they may be busy",
                field="cluster",
            )
        self.judge(answers)

    def judge(self, answers: Mapping[str, bytes]) -> None:
        """Take what `check_program` has returned, by worker: add warnings, or raise UsageError."""
        missing: defaultdict[str, list[str]] = defaultdict(list)
        differing: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
        compiled: defaultdict[str, list[str]] = defaultdict(list)
        for worker, answer in answers.items():
            found, lacking = pickle.loads(answer)
            for name in lacking:
                compiled[name].append(worker)
            for name, here in self._here.items():
                if found[name] is None:
                    missing[name].append(worker)
                for distribution, version in here.items():
                    there = (found[name] or {}).get(distribution, version)
                    if there != version:
                        differing[distribution, version, there].append(worker)
        self._refuse(missing, compiled)
        self.warnings += [
            f"{name} is {here} here and {there} on {_names(workers)}"
            for (name, here, there), workers in differing.items()
        ]

    def _refuse(self, missing: Mapping[str, Sequence[str]], compiled: Mapping[str, Sequence[str]]) -> None:
        if missing:
            pins = [
                f"{distribution}=={version}" if version else distribution
                for name in missing
                for distribution, version in (self._here[name] or {name: ""}).items()
            ]
            each = "; ".join(f"{name} on {_names(workers)}" for name, workers in missing.items())
            raise UsageError(
                f"workers lack packages that the function imports: {each}. "
                f"Install them there: pip install {' '.join(pins)}"
            )
        if compiled:
            each = "; ".join(f"{name} on {_names(workers)}" for name, workers in compiled.items())
            raise UsageError(
                f"workers lack modules that have no Python source, and so cannot be sent: {each}. Install them there"
            )


def pickle_function(function: Callable[..., Any]) -> bytes:
    """Pickle a function: by value if it is of `__main__` or a notebook, else by the name of its module."""
    pickled: bytes = cloudpickle.dumps(function)
    return pickled


def _answer(news: News) -> bytes | None:
    """Return what a check has found, None if the worker is lost; raise what went wrong."""
    if news.error is not None:
        raise UsageError(f"a worker cannot be checked: {type(news.error).__name__}: {news.error}")
    return news.value


@functools.cache
def _distributions(package: str) -> dict[str, str]:
    """Return the distributions that a top-level package is from, with their versions."""
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        return {package: importlib.metadata.version(package)}  # most have the name of their package
    return {name: importlib.metadata.version(name) for name in _packages().get(package, ())}


@functools.cache
def _packages() -> Mapping[str, list[str]]:
    """Return the distributions of every package, which takes 0.2 s to find."""
    return importlib.metadata.packages_distributions()


def _names(workers: Sequence[str]) -> str:
    return ", ".join(workers[:3]) + (f" and {len(workers) - 3} more" if len(workers) > 3 else "")
