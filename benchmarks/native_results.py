"""Measure what threads lose when another thread frees results of many pieces of native memory.

    python -m benchmarks.native_results [--rounds 5]

lxml parses trees of several sizes and shapes in two threads: once the main thread drops them, as in a job that collects
results, and once the thread that made a tree drops it. The rest of both jobs is the same, so the difference, in seconds
of both cores, is the cost of freeing the pieces in another thread. The last column is what the model charges
(`advisor.predict.threads_and_asyncio`). Needs lxml and two idle cores; takes about a minute.
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
from advisor.predict.threads_and_asyncio import deallocation_per_piece
from profiles import server

WORKERS: Final = 2
JOB_SECONDS: Final = 0.25  # of the plain loop
ROWS: Final = (200, 700, 2_000, 5_000)

Make = Callable[[], Any]


def kinds() -> dict[str, Make]:
    """Return functions that make a result, by its description."""
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
    """Return the seconds per call in a loop, freed by the main thread and freed by the maker, and the pieces."""
    for _ in range(3):
        make()
    began = time.perf_counter()
    make()
    calls = max(20, round(JOB_SECONDS / (time.perf_counter() - began)))
    loop, elsewhere, at_home = [], [], []
    for _ in range(rounds):  # in turn, since the speed of the host changes
        loop.append(_looped(make, calls))
        elsewhere.append(_pooled(make, calls))
        at_home.append(_pooled(partial(_dropped, make), calls))
    pieces = native_allocations.pieces_per_result([make() for _ in range(3)])
    if pieces is None:
        raise SystemExit("counting the pieces needs glibc 2.33 or later")
    return median(loop), median(elsewhere), median(at_home), pieces


def _looped(make: Make, calls: int) -> float:
    began = time.perf_counter()
    for _ in range(calls):
        make()
    return (time.perf_counter() - began) / calls


def _pooled(make: Make, calls: int) -> float:
    began = time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        for _ in pool.map(lambda _: make(), range(calls)):  # discards the results
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
        cells += [f"{1e9 * seconds:.0f}" for seconds in (each, deallocation_per_piece(pieces))]
        print(f"| {name} | {pieces:,.0f} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
