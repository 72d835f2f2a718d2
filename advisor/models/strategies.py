"""The strategies: one entry for each, from which every other module takes its names and properties.

To add a strategy:

1. add its name to `Strategy` and `Recommendation`, and an entry to `STRATEGIES`;
2. write its cost function and list it in `COST_FUNCTIONS` (advisor/predict/cost_functions.py);
3. write its template and list it in `TEMPLATES` (advisor/decide/codegen/templates.py);
4. list its executor in `EXECUTORS` (advisor/run/executors.py), unless it needs a cluster.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, NamedTuple

Strategy = Literal["sequential", "threading", "multiprocessing", "asyncio", "interpreters", "cluster"]
Recommendation = Literal[
    "sequential", "threading", "multiprocessing", "asyncio", "interpreters", "cluster", "undecided"
]


class StrategyInfo(NamedTuple):
    """The names and properties of a strategy."""

    kind: str  # what the job runs on, in the plural: "processes"
    one_worker: str  # "1 process"
    workers: str  # "{} processes", with the number
    simplicity: int  # rank, 0 is the simplest: decides between strategies that are equally fast
    model_error: float  # half width of the cost function's 90 % interval, as a logarithm
    concurrent: bool = True  # several calls run at once
    pool: bool = False  # calls are sent to a pool of workers
    own_gil: bool = False  # each worker has an interpreter, and so a GIL and objects, of its own
    own_process: bool = False  # each worker is a process
    coroutines_only: bool = False  # only coroutine functions can run this way
    needs_cluster: bool = False  # only a host with a connected cluster has it
    min_python: tuple[int, int] = (3, 0)
    terminal_colour: str = "yellow"  # in the terms of rich
    plot_colour: str = "#555555"  # of its curve
    plot_marker: str = "o"  # of its curve, in the terms of matplotlib


# In the order in which they are estimated and drawn.
#
# The model errors are judgements, made with the jobs in profiles/recorded in view, and widened after jobs that nobody
# had seen: on a shared host, the same loop takes up to 1.6 times as long from one minute to the next. Subinterpreters
# are young, and were measured on two cores only.
#
# The colours of plots are the blue, vermilion, green and purple of Okabe and Ito's palette, which colour-blind people
# can tell apart.
STRATEGIES: dict[Strategy, StrategyInfo] = {
    "sequential": StrategyInfo(
        "a plain loop", "a plain loop", "a plain loop", simplicity=0, model_error=0.02, concurrent=False
    ),
    "threading": StrategyInfo(
        "threads",
        "1 thread",
        "{} threads",
        simplicity=1,
        model_error=0.24,
        pool=True,
        terminal_colour="green",
        plot_colour="#0072B2",
    ),
    "multiprocessing": StrategyInfo(
        "processes",
        "1 process",
        "{} processes",
        simplicity=3,
        model_error=0.24,
        pool=True,
        own_gil=True,
        own_process=True,
        terminal_colour="cyan",
        plot_colour="#D55E00",
        plot_marker="s",
    ),
    "asyncio": StrategyInfo(
        "asyncio",
        "asyncio, 1 call at a time",
        "asyncio, {} calls at a time",
        simplicity=2,
        model_error=0.25,
        coroutines_only=True,
        terminal_colour="blue",
        plot_colour="#009E73",
        plot_marker="^",
    ),
    "interpreters": StrategyInfo(
        "subinterpreters",
        "1 subinterpreter",
        "{} subinterpreters",
        simplicity=4,
        model_error=0.20,
        pool=True,
        own_gil=True,
        min_python=(3, 14),
        terminal_colour="magenta",
        plot_colour="#AA4499",
        plot_marker="D",
    ),
    "cluster": StrategyInfo(
        "cluster workers",
        "1 thread of a cluster",
        "{} threads of a cluster",
        simplicity=5,
        model_error=0.25,
        own_gil=True,
        needs_cluster=True,
        terminal_colour="bright_blue",
        plot_colour="#56B4E9",
        plot_marker="P",
    ),
}


def _having(condition: Callable[[StrategyInfo], bool]) -> frozenset[Strategy]:
    return frozenset(name for name, info in STRATEGIES.items() if condition(info))


EVERY = frozenset(STRATEGIES)
CONCURRENT = _having(lambda info: info.concurrent)
SEQUENTIAL = EVERY - CONCURRENT
POOLS = _having(lambda info: info.pool)
OWN_GIL = _having(lambda info: info.own_gil)
PROCESSES = _having(lambda info: info.own_process)
CLUSTERS = _having(lambda info: info.needs_cluster)
LOCAL = EVERY - CLUSTERS  # the job stays on this host
SHARED_MEMORY = CONCURRENT - OWN_GIL  # objects are shared within an interpreter


def available_strategies(python: str, *, coroutine: bool, cluster: bool = False) -> list[Strategy]:
    """Return the strategies that a function can run under on a Python of this version, such as "3.14.0"."""
    numbers = re.match(r"([0-9]+)\.([0-9]+)", python)  # of a beta such as "3.14b1" too
    version = tuple(map(int, numbers.groups())) if numbers else (3, 0)
    return [
        name
        for name, info in STRATEGIES.items()
        if version >= info.min_python
        and (coroutine or not info.coroutines_only)
        and (cluster or not info.needs_cluster)
    ]
