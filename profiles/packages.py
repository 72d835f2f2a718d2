"""Packages that run a whole job by their own choice, at their default settings.

Each function imports its package and returns a map: called with a function and its arguments, it runs all calls and
returns when the last result has arrived.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any, Final, Literal, TypeAlias

PackageName: TypeAlias = Literal[
    "advisor", "ThreadPoolExecutor", "ProcessPoolExecutor", "joblib", "mpire", "betapool", "smart-parallel"
]
PackageMap: TypeAlias = Callable[[Callable[[Any], Any], Sequence[Any]], None]  # function, arguments

AWAITING: Final = frozenset({"advisor"})
"""Packages that take coroutine functions as they are."""


def import_advisor() -> Any:
    """Import all that advisor.map loads when it is needed, and return the package."""
    import advisor

    for name in ("advisor.api", "advisor.jobs"):
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(getattr(package, "__path__", ()), f"{name}."):
            if not module.name.startswith("advisor.jobs.joblib_"):  # those are for code that uses joblib
                importlib.import_module(module.name)
    return advisor


def _advisor() -> PackageMap:
    """Return advisor.map, with everything imported that it would import during the job."""
    advisor = import_advisor()

    def run(function: Callable[[Any], Any], arguments: Sequence[Any]) -> None:
        _exhaust(advisor.map(function, arguments))

    return run


def _executor_map(open_executor: Callable[[], Executor]) -> PackageMap:
    """Return the map of an executor that is opened for the job and closed after it."""

    def run(function: Callable[[Any], Any], arguments: Sequence[Any]) -> None:
        with open_executor() as executor:
            _exhaust(executor.map(function, arguments))

    return run


def _joblib() -> PackageMap:
    """Return Parallel with a process for each core; its workers outlive the job, as they do by default."""
    from joblib import Parallel, delayed

    def run(function: Callable[[Any], Any], arguments: Sequence[Any]) -> None:
        Parallel(n_jobs=-1)(delayed(function)(argument) for argument in arguments)

    return run


def _mpire() -> PackageMap:
    """Return the map of a WorkerPool, which takes tuples as several arguments."""
    from mpire import WorkerPool

    def run(function: Callable[[Any], Any], arguments: Sequence[Any]) -> None:
        with WorkerPool() as pool:
            pool.map(function, [(argument,) for argument in arguments], concatenate_numpy_output=False)

    return run


def _smart_parallel() -> PackageMap:
    """Return smart_map, which tries ten inputs sequentially and then runs the whole job in a pool of its own."""
    from smart_parallel import smart_map

    def run(function: Callable[[Any], Any], arguments: Sequence[Any]) -> None:
        smart_map(function, arguments)

    return run


def _betapool() -> PackageMap:
    """Return a map over threads whose number adapts while they work."""
    from betapool import AdaptiveThreadPoolExecutor

    return _executor_map(AdaptiveThreadPoolExecutor)


def _exhaust(results: Iterable[Any]) -> None:
    for _ in results:
        pass


PACKAGES: Final[dict[PackageName, Callable[[], PackageMap]]] = {
    "advisor": _advisor,
    "ThreadPoolExecutor": lambda: _executor_map(ThreadPoolExecutor),
    "ProcessPoolExecutor": lambda: _executor_map(ProcessPoolExecutor),
    "joblib": _joblib,
    "mpire": _mpire,
    "betapool": _betapool,
    "smart-parallel": _smart_parallel,
}
