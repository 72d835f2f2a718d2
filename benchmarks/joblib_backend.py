"""Compare the joblib backend "advisor" with joblib's own, on jobs of different kinds.

python -m benchmarks.joblib_backend [--rounds 3]

Every job runs with each backend in turn, `rounds` times, each time in a process of its own, so that no backend finds
another one's workers or modules; "again" is the same job a second time there. Prints the median seconds as a table.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

BACKENDS = ("sequential", "threading", "loky", "advisor")
Job = Callable[[], Any]


def compute(milliseconds: float) -> float:
    """Compute for so many milliseconds of CPU time."""
    ends = time.thread_time() + milliseconds / 1000
    while time.thread_time() < ends:
        pass
    return milliseconds


def nap(milliseconds: float) -> float:
    """Sleep for so many milliseconds."""
    time.sleep(milliseconds / 1000)
    return milliseconds


def calls(function: Callable[[float], float], milliseconds: float, count: int, n_jobs: int = -1) -> Job:
    """Return a job of equal calls."""
    from joblib import Parallel, delayed

    return lambda: Parallel(n_jobs=n_jobs)(delayed(function)(milliseconds) for _ in range(count))


def scores(folds: int) -> Job:
    """Return a cross-validation of a forest of 50 trees."""
    from sklearn.datasets import make_classification
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import cross_val_score

    inputs, labels = make_classification(1_000, 20, random_state=0)
    forest = RandomForestClassifier(50, random_state=0)
    return lambda: cross_val_score(forest, inputs, labels, cv=folds, n_jobs=-1)


JOBS: dict[str, Callable[[], Job]] = {
    "200 calls, 5 ms of Python": lambda: calls(compute, 5, 200),
    "2,000 calls, 5 ms of Python": lambda: calls(compute, 5, 2_000),
    "200 calls, 5 ms asleep, n_jobs=8": lambda: calls(nap, 5, 200, n_jobs=8),
    "10,000 calls, 10 µs of Python": lambda: calls(compute, 0.01, 10_000),
    "10 calls, 10 µs of Python": lambda: calls(compute, 0.01, 10),
    "cross_val_score, 5 folds": lambda: scores(5),
    "cross_val_score, 20 folds": lambda: scores(20),
}


def measure(name: str, backend: str) -> tuple[float, float]:
    """Return the seconds of a job with a backend, the first time and again."""
    line = [sys.executable, "-m", "benchmarks.joblib_backend", "--job", name, "--backend", backend]
    first, again = subprocess.run(line, check=True, capture_output=True, text=True).stdout.split()
    return float(first), float(again)


def run_twice(name: str, backend: str) -> None:
    """Run a job twice in this process and print the seconds."""
    import joblib

    import advisor

    advisor.register_joblib_backend()
    job = JOBS[name]()
    for _ in range(2):
        with joblib.parallel_config(backend=backend):
            began = time.perf_counter()
            job()
            print(time.perf_counter() - began)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--job", choices=JOBS, help="run this job alone")
    parser.add_argument("--backend", choices=BACKENDS, default="advisor")
    options = parser.parse_args()
    if options.job:
        run_twice(options.job, options.backend)
        return
    print("| job |", " | ".join(f"{each} | again" for each in BACKENDS), "|")
    print("|---" * (2 * len(BACKENDS) + 1) + "|")
    for name in JOBS:
        rounds = [{each: measure(name, each) for each in BACKENDS} for _ in range(options.rounds)]
        cells = [f"{median(each[backend][i] for each in rounds):.3f}" for backend in BACKENDS for i in (0, 1)]
        print("|", " | ".join([name, *cells]), "|", flush=True)


if __name__ == "__main__":
    main()
