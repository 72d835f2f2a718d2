"""A job on a cluster whose calls are logged, and of which one may kill its worker.

    python -m benchmarks.cluster_faulty_jobs ENGINE ADDRESS FOLDER ROUNDS [--poisoned]

Each call appends its index, its process and the time to FOLDER/log, and returns the square of its index. A line for
each outcome is appended to FOLDER/notes as it arrives: the index, and `ok`, `wrong` or the name of a failure. With a
FOLDER that has a checkpoint, the job is continued.
"""

from __future__ import annotations

import argparse
import functools
import os
import signal
import time
from pathlib import Path
from typing import Any, Final

import advisor
from advisor.models.run_report import Failure
from benchmarks.calls import compute

CALLS: Final = 300
POISONED: Final = 137
RETRIES: Final = 2


def logged(log: str, rounds: int, poisoned: bool, index: int) -> int:
    """Append the call to the log, compute, and return the square of the index; the poisoned call kills its process."""
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, b"%d %d %f\n" % (index, os.getpid(), time.time()))
    os.close(file)
    compute(rounds)
    if poisoned and index == POISONED:
        os.kill(os.getpid(), signal.SIGKILL)
    return index * index


def verdict(index: int, outcome: Any) -> str:
    """Return `ok`, `wrong`, or the name of the failure."""
    if isinstance(outcome, Failure):
        return outcome.type.rpartition(".")[2]
    return "ok" if outcome == index * index else "wrong"


def work(cluster: str, folder: Path, rounds: int, *, poisoned: bool) -> None:
    """Do the job, and note each outcome when it arrives."""
    function = functools.partial(logged, str(folder / "log"), rounds, poisoned)
    outcomes = advisor.map(
        function,
        range(CALLS),
        strategy="cluster",
        cluster=cluster,
        checkpoint=folder / "checkpoint",
        on_error="keep",
        retries=0 if poisoned else RETRIES,
    )
    with (folder / "notes").open("a", encoding="utf-8", buffering=1) as notes:
        for index, outcome in enumerate(outcomes):
            notes.write(f"{index} {verdict(index, outcome)}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engine", choices=("dask", "ray"))
    parser.add_argument("address")
    parser.add_argument("folder", type=Path)
    parser.add_argument("rounds", type=int, help="of a loop, in each call")
    parser.add_argument("--poisoned", action="store_true", help="one call kills its worker")
    given = parser.parse_args()
    if given.engine == "ray":
        os.environ["RAY_ADDRESS"] = given.address
    cluster = "ray" if given.engine == "ray" else given.address
    work(cluster, given.folder, given.rounds, poisoned=given.poisoned)


if __name__ == "__main__":
    main()
