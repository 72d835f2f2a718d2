"""Scripts that run jobs: what is defined in them, without a main guard, and how they end."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

METHODS = pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])

DEFINED = """
import functools, multiprocessing, sys
import advisor

multiprocessing.set_start_method({method!r})
print("imported", flush=True)
BASE = 100

class Point:
    def __init__(self, x): self.x = x
    def plus(self, other): return Point(self.x + other)

class Odd(Exception): pass

def plain(number): return number + BASE

def make(more):
    def closure(number): return number + more
    return closure

def refuse(number):
    if number % 2: raise Odd(number)
    return Point(number)

run = functools.partial(advisor.map, strategy="multiprocessing", workers=2)
assert list(run(plain, range(5))) == [100, 101, 102, 103, 104]
assert list(run(make(7), range(5))) == [7, 8, 9, 10, 11]
assert list(run(lambda number: number * BASE, range(3))) == [0, 100, 200]
assert [point.x for point in run(Point(5).plus, range(3))] == [5, 6, 7]
results = run(refuse, range(2))
assert type(next(results)) is Point
try:
    next(results)
except advisor.CallError as error:
    assert type(error.__cause__) is Odd and error.index == 1, error.__cause__
else:
    raise AssertionError
assert not multiprocessing.active_children()
"""

MODULE = """
import advisor

def work(number):
    return number + 1

results = list(advisor.map(work, range(10), strategy="multiprocessing", workers=2))
"""

SLEEPING = """
import multiprocessing, signal, sys, time
import advisor

multiprocessing.set_start_method({method!r})

def sleep(number):
    time.sleep(0 if number < 5 else 60)
    return number

async def sleep_soon(number):
    import asyncio
    await asyncio.sleep(0 if number < 5 else 60)
    return number

if __name__ == "__main__":
    run = advisor.map(
        sleep_soon if {strategy!r} == "asyncio" else sleep, range(100), strategy={strategy!r}, workers=5, ordered=False
    )
    results = []
    try:
        for result in run:
            results.append(result)
            if len(results) == 5:
                import psutil
                print(*(child.pid for child in psutil.Process().children(recursive=True)), flush=True)
    except KeyboardInterrupt:
        results += [result for _, result in run.unread()]
        print(sorted(results), run.report.succeeded, flush=True)
"""


def run_script(folder: Path, text: str, name: str = "script.py") -> subprocess.CompletedProcess[str]:
    """Run a script, and return what it printed."""
    script = folder / name
    script.write_text(text)
    return subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=False, cwd=folder
    )


@METHODS
def test_what_a_script_defines_runs_in_processes(tmp_path: Path, method: str) -> None:
    """Functions, closures, methods and exceptions of `__main__` need no main guard; the script runs once."""
    done = run_script(tmp_path, DEFINED.format(method=method))
    assert (done.returncode, done.stdout, done.stderr) == (0, "imported\n", "")


@METHODS
def test_a_module_that_runs_a_job_when_it_is_imported(tmp_path: Path, method: str) -> None:
    """Without a guard, workers that must import it end with one clear error; forked ones need not import it."""
    (tmp_path / "jobs.py").write_text(MODULE)
    done = run_script(
        tmp_path,
        f"import multiprocessing\nmultiprocessing.set_start_method({method!r})\nimport jobs\nprint(jobs.results)\n",
    )
    if method == "fork":
        assert (done.returncode, done.stdout, done.stderr) == (0, "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n", "")
        return
    assert done.returncode == 1
    assert done.stdout == ""
    last = done.stderr.splitlines()[-1]
    assert "while a worker process imported the module jobs" in last
    assert "put the call under `if __name__ == '__main__':`" in last
    assert done.stderr.count("while a worker process imported") <= 2  # the error, and what it was raised from


@pytest.mark.parametrize(
    ("strategy", "method"),
    [("threading", "fork"), ("multiprocessing", "fork"), ("multiprocessing", "spawn"), ("asyncio", "fork")],
)
def test_ctrl_c_ends_all_workers_and_loses_no_result(tmp_path: Path, strategy: str, method: str) -> None:
    """The interrupted script has its results, and no process is left."""
    script = tmp_path / "sleeping.py"
    script.write_text(SLEEPING.format(method=method, strategy=strategy))
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        parent.send_signal(signal.SIGINT)
        rest, _ = parent.communicate(timeout=30)
    assert rest == "[0, 1, 2, 3, 4] 5\n"
    assert parent.returncode == 0
    assert bool(pids) == (strategy == "multiprocessing")
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            while psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.01)


def test_a_script_that_ends_in_the_middle_of_a_job_leaves_nothing(tmp_path: Path) -> None:
    """Without closing the run; in any way to run it."""
    done = run_script(
        tmp_path,
        "import advisor, itertools\ndef work(number): return number\n"
        "async def soon(number): return number\nruns = []\n"
        "for function, strategy in (work, 'threading'), (work, 'multiprocessing'), (soon, 'asyncio'), (work, None):\n"
        "    run = advisor.map(function, itertools.count(), strategy=strategy, workers=2)\n"
        "    assert next(run) == 0\n    runs.append(run)\nprint('end')\n",
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "end\n", "")


def test_a_plain_loop_loads_no_heavy_module(tmp_path: Path) -> None:
    """A job that is too small to gain costs no start-up."""
    done = run_script(
        tmp_path,
        "import sys, advisor\nassert list(advisor.map(abs, [-1, 2])) == [1, 2]\n"
        "heavy = ('pydantic', 'asyncio', 'multiprocessing', 'psutil', 'numpy')\n"
        "print([name for name in heavy if name in sys.modules])\n",
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


def test_what_a_forked_call_prints_is_printed_once(tmp_path: Path) -> None:
    """Nothing that waits in a buffer of the parent is written by workers too."""
    done = run_script(
        tmp_path,
        "import advisor, sys\nprint('begin')\n"
        "def show(text): sys.stdout.write(f'{text}\\n')\n"  # at once: print writes the end of the line by itself
        "list(advisor.map(show, ['a', 'b', 'c'], strategy='multiprocessing', workers=2))\nprint('end')\n",
    )
    assert sorted(done.stdout.split()) == ["a", "b", "begin", "c", "end"]
    assert (done.returncode, done.stderr) == (0, "")


def test_a_signal_handler_that_exits_ends_the_program(tmp_path: Path) -> None:
    """As it would a plain loop; a call that raises SystemExit by itself has failed."""
    done = run_script(
        tmp_path,
        "import advisor, os, signal, sys\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
        "def work(number):\n"
        "    if number == 0: sys.exit('alone')\n"
        "    if number == 2: os.kill(os.getpid(), signal.SIGTERM)\n"
        "    return number\n"
        "for result in advisor.map(work, range(4), on_error='keep', strategy='sequential'):\n"
        "    print(getattr(result, 'type', result), flush=True)\n",
    )
    assert (done.returncode, done.stdout, done.stderr) == (7, "SystemExit\n1\n", "")
