"""What it costs threads to hand over results of many pieces of native memory: the constants of the cost model for it.

    python -m benchmarks.native_results [--rounds 5]

Trees of several sizes and shapes are parsed by lxml in two threads, once so that the main thread drops them, as a job
that collects results does, and once so that the thread that made a tree drops it. The rest of both jobs is the same,
so that the difference, in seconds of both cores, is what the pieces cost when they are given back elsewhere. Beside it
stands what the model charges (`advisor.predict.strategies`). Wants lxml and two cores with nothing else to do; takes
about a minute.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from statistics import median
from typing import Any, Final

from advisor.measure import native_allocations
from advisor.predict.strategies import seconds_a_piece
from profiles import server

WORKERS: Final = 2
JOB_SECONDS: Final = 0.25  # of the plain loop
ROWS: Final = (200, 700, 2_000, 5_000)

Make = Callable[[], Any]


def kinds() -> dict[str, Make]:
    """What makes a result, by what it is."""
    return {
        **{f"page of {rows:,} rows": partial(_page, server.page(rows)) for rows in ROWS},
        **{f"feed of {rows:,} entries": partial(_feed, _entries(rows)) for rows in ROWS},
    }


def _page(document: bytes) -> Any:
    from lxml import etree

    return etree.HTML(document, etree.HTMLParser())


def _feed(document: bytes) -> Any:
    from lxml import etree

    return etree.fromstring(document, etree.XMLParser())


def _entries(count: int) -> bytes:
    return b"<feed>" + b"".join(b'<e id="%d"><b>title %d</b></e>' % (n, n) for n in range(count)) + b"</feed>"


def measured(make: Make, rounds: int) -> tuple[float, float, float, float]:
    """Seconds a call of the loop, of threads whose results the main thread drops, and of those that drop their own,
    and the pieces of a result."""
    for _ in range(3):
        make()
    began = time.perf_counter()
    make()
    calls = max(20, round(JOB_SECONDS / (time.perf_counter() - began)))
    loop, elsewhere, at_home = [], [], []
    for _ in range(rounds):  # in turn, for the host's speed changes
        loop.append(_looped(make, calls))
        elsewhere.append(_pooled(make, calls))
        at_home.append(_pooled(partial(_dropped, make), calls))
    pieces = native_allocations.pieces_per_result([make() for _ in range(3)])
    if pieces is None:
        raise SystemExit("the C library does not tell how many pieces there are: glibc 2.33 or later does")
    return median(loop), median(elsewhere), median(at_home), pieces


def _looped(make: Make, calls: int) -> float:
    began = time.perf_counter()
    for _ in range(calls):
        make()
    return (time.perf_counter() - began) / calls


def _pooled(make: Make, calls: int) -> float:
    began = time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        for _ in pool.map(lambda _: make(), range(calls)):  # which keeps no result
            pass
    return (time.perf_counter() - began) / calls


def _dropped(make: Make) -> None:
    make()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="runs of each (default 5)")
    arguments = parser.parse_args()
    print(
        "| result | pieces | loop | main drops | maker drops | speed-up | if the maker drops | ns a piece | charged |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name, make in kinds().items():
        loop, elsewhere, at_home, pieces = measured(make, arguments.rounds)
        each = WORKERS * (elsewhere - at_home) / pieces if pieces else 0.0
        cells = [f"{1e3 * seconds:.2f} ms" for seconds in (loop, elsewhere, at_home)]
        cells += [f"{loop / seconds:.2f}×" for seconds in (elsewhere, at_home)]
        cells += [f"{1e9 * seconds:.0f}" for seconds in (each, seconds_a_piece(pieces))]
        print(f"| {name} | {pieces:,.0f} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
