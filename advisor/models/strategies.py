"""The strategies: one entry for each, from which every other module takes its names and properties.

To add a strategy:

1. add its name to `Strategy` and `Recommendation`, and an entry to `STRATEGIES`;
2. write its cost function and list it in `COST_FUNCTIONS` (advisor/predict/strategies.py);
3. write its template and list it in `TEMPLATES` (advisor/decide/codegen/templates.py);
4. open its executor in advisor/run/executors.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Strategy = Literal["sequential", "threading", "multiprocessing", "asyncio", "interpreters"]
Recommendation = Literal["sequential", "threading", "multiprocessing", "asyncio", "interpreters", "undecided"]


@dataclass(frozen=True)
class StrategyInfo:
    """The names and properties of a strategy.

    Attributes:
        kind: What the job runs on, in the plural: "processes".
        one_worker: The words for one worker: "1 process".
        workers: The words for several workers, with `{}` for the number: "{} processes".
        simplicity: Rank among the strategies, 0 is the simplest; decides between strategies that are equally fast.
        model_error: Half width of the cost function's 90 % interval, as a logarithm.
        concurrent: Several calls run at once.
        pool: Calls are sent to a pool of workers.
        own_gil: Each worker has an interpreter, and so a GIL and objects, of its own.
        own_process: Each worker is a process.
        coroutines_only: Only coroutine functions can run this way.
        min_python: The first Python version that has it.
        colour: The colour of its curve in a plot.
        marker: The matplotlib marker of its curve.
    """

    kind: str
    one_worker: str
    workers: str
    simplicity: int
    model_error: float
    concurrent: bool = True
    pool: bool = False
    own_gil: bool = False
    own_process: bool = False
    coroutines_only: bool = False
    min_python: tuple[int, int] = (3, 0)
    colour: str = "#555555"
    marker: str = "o"


# In the order in which they are estimated and drawn.
#
# The model errors are judgements, made with the jobs in profiles/recorded in view, and widened after jobs that nobody
# had seen: on a shared host, the same loop takes up to 1.6 times as long from one minute to the next.
#
# The colours are the blue, vermilion, green and purple of Okabe and Ito's palette, which colour-blind people can tell
# apart.
STRATEGIES: dict[Strategy, StrategyInfo] = {
    "sequential": StrategyInfo(
        kind="a plain loop",
        one_worker="a plain loop",
        workers="a plain loop",
        simplicity=0,
        model_error=0.02,
        concurrent=False,
    ),
    "threading": StrategyInfo(
        kind="threads",
        one_worker="1 thread",
        workers="{} threads",
        simplicity=1,
        model_error=0.24,
        pool=True,
        colour="#0072B2",
        marker="o",
    ),
    "multiprocessing": StrategyInfo(
        kind="processes",
        one_worker="1 process",
        workers="{} processes",
        simplicity=3,
        model_error=0.24,
        pool=True,
        own_gil=True,
        own_process=True,
        colour="#D55E00",
        marker="s",
    ),
    "asyncio": StrategyInfo(
        kind="asyncio",
        one_worker="asyncio, 1 call at a time",
        workers="asyncio, {} calls at a time",
        simplicity=2,
        model_error=0.25,
        coroutines_only=True,
        colour="#009E73",
        marker="^",
    ),
    "interpreters": StrategyInfo(
        kind="subinterpreters",
        one_worker="1 subinterpreter",
        workers="{} subinterpreters",
        simplicity=4,
        model_error=0.20,  # young, and measured on two cores only
        pool=True,
        own_gil=True,
        min_python=(3, 14),
        colour="#AA4499",
        marker="D",
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
SHARED_MEMORY = CONCURRENT - OWN_GIL  # objects are shared within an interpreter


def available_strategies(python: str, *, coroutine: bool) -> list[Strategy]:
    """Return the strategies that a function can run under on a Python of this version, such as "3.14.0"."""
    numbers = re.match(r"([0-9]+)\.([0-9]+)", python)  # of a beta such as "3.14b1" too
    version = tuple(map(int, numbers.groups())) if numbers else (3, 0)
    return [
        name
        for name, info in STRATEGIES.items()
        if version >= info.min_python and (coroutine or not info.coroutines_only)
    ]
