"""Measure how long the commands take to start, and whether advice stays within its budget.

    python -m benchmarks.start_up [--rounds N]

Each command runs as a whole process, alternating with `python -c "import pydantic, click"`, and the medians are
compared. Then `advise` is timed on a function that computes, one that waits, and one that takes longer than the budget.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
BASE = [sys.executable, "-c", "import pydantic, click"]
LIMITS = {
    "import advisor": ([sys.executable, "-c", "import advisor"], 1.5),
    "from advisor import Profile, advise": ([sys.executable, "-c", "from advisor import Profile, advise"], None),
    "advise --help": ([sys.executable, "-m", "advisor", "--help"], 1.8),
    'advise describe "..."': (
        [sys.executable, "-m", "advisor", "describe", "download 500 files from a web server"],
        3.5,
    ),
}
TARGETS = """
import time
def computes():
    return sum(range(20_000))
def waits():
    time.sleep(0.02)
def long():
    time.sleep(2.6)
"""
BUDGETED = {"computes": 3.0, "waits": 3.0, "long": 3.0, "computes, a budget of 1 s": 1.0}


def seconds(command: list[str], folder: str = ".") -> float:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # users' second start finds the compiled modules
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    took = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(done.stderr.decode())
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    times: dict[str, list[float]] = {name: [] for name in ["base", *LIMITS]}
    for command in [BASE, *(command for command, _ in LIMITS.values())]:
        seconds(command)
    for _ in range(rounds):
        times["base"].append(seconds(BASE))
        for name, (command, _) in LIMITS.items():
            times[name].append(seconds(command))
    print(f'python -c "import pydantic, click": {1000 * median(times["base"]):.0f} ms (median of {rounds})')
    for name, (_, limit) in LIMITS.items():
        ratio = median(times[name]) / median(times["base"])
        print(
            f"{name}: {1000 * median(times[name]):.0f} ms, {ratio:.2f} times" + (f" (at most {limit})" if limit else "")
        )
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "budgeted.py").write_text(TARGETS)
        for cached in (False, True):
            environment = f"{folder}/cache"
            os.environ["XDG_CACHE_HOME"] = environment
            for name, budget in BUDGETED.items() if cached else [("computes", 3.0)]:
                function = name.split(",")[0]
                command = [sys.executable, "-m", "advisor", f"budgeted:{function}", "--budget", str(budget), "--json"]
                took = seconds(command, folder)
                when = "" if cached else ", the host's pools measured too"
                print(f"advise budgeted:{function} --budget {budget:g}{when}: {took:.2f} s")


if __name__ == "__main__":
    main()
