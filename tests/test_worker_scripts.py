"""Scripts whose workers do not import them, and what is left when they end."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

CLASSES = """
import functools, sys, time
from advisor.jobs.pools.pool import Chunk, Setup
from advisor.jobs.pools.processes import ProcessPool
sys.path.insert(0, {tests!r})
from tests import pools

class Point:
    def __init__(self, x): self.x = x
    def __eq__(self, other): return isinstance(other, Point) and other.x == self.x
    def move(self, by): return Point(self.x + by)

class Refusal(Exception):
    def __init__(self, point, reason):
        super().__init__(reason)
        self.point = point

def job(point):
    if not isinstance(point, Point): raise TypeError
    if point.x == 3: raise Refusal(point, "three")
    return Point(point.x * 2)

print("imported", flush=True)
pool = ProcessPool(Setup(job), 2, start_method={method!r})
assert pools.results(pool, [Point(1), Point(2)]) == [Point(2), Point(4)]
error = pools.failure(pool, Point(3))
assert type(error) is Refusal and error.point == Point(3) and str(error) == "three"
pool.close()
pool = ProcessPool(Setup(Point(1).move), 1, start_method={method!r})
assert pools.results(pool, [5]) == [Point(6)]
pool.close()
pool = ProcessPool(Setup(functools.partial(Point.move, Point(1))), 1, start_method={method!r}, by_value=True)
assert pools.results(pool, [5]) == [Point(6)]
pool.close()
"""

ENDLESS = """
import sys, threading, time
from advisor.jobs.pools.pool import Chunk, Setup
from advisor.jobs.pools.processes import ProcessPool

def start():
    global pool
    pool = ProcessPool(Setup(time.sleep), 2, start_method={method!r})
    for number in range(2): pool.send(Chunk(number, [number], [((60,), {{}})]))
    while pool.since(1) is None: pool.receive(0.02)
    print(*pool.pids, flush=True)
    time.sleep(60)

if {threaded}:
    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
else:
    start()
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_what_a_script_defines_travels_and_comes_back_the_same(tmp_path: Path, method: str) -> None:
    """Functions, objects and exceptions of `__main__` work without a main guard, which runs once."""
    script = tmp_path / "classes.py"
    script.write_text(CLASSES.format(method=method, tests=str(Path(__file__).parent.parent)))
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "imported\n", "")


@pytest.mark.parametrize("threaded", [False, True], ids=["main thread", "other thread"])
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path, method: str, threaded: bool) -> None:
    """No worker outlives its parent, in whichever thread the parent has started it."""
    script = tmp_path / "endless.py"
    script.write_text(ENDLESS.format(method=method, threaded=threaded))
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        parent.kill()
    assert len(pids) == 2
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            while psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.01)


def test_output_that_waits_in_a_buffer_is_written_once(tmp_path: Path) -> None:
    """Print what calls print, and nothing again that the parent has printed before the fork."""
    script = tmp_path / "prints.py"
    script.write_text(
        "import atexit\nfrom advisor.jobs.pools.pool import Chunk, Setup\n"
        "from advisor.jobs.pools.processes import ProcessPool\n"
        "atexit.register(print, 'exit')\nprint('begin')\npool = ProcessPool(Setup(print), 1, start_method='fork')\n"
        "pool.send(Chunk(0, [0], [(('call',), {})]))\nassert pool.receive(10)\npool.close()\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=30, check=True)
    assert sorted(done.stdout.split()) == ["begin", "call", "exit"]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_exit_handlers_of_calls_run_when_the_pool_closes(tmp_path: Path, method: str) -> None:
    """Run in the worker what a call has registered with `atexit`."""
    script = tmp_path / "registers.py"
    script.write_text(
        "import atexit\nfrom advisor.jobs.pools.pool import Chunk, Setup\n"
        "from advisor.jobs.pools.processes import ProcessPool\ndef job(x): atexit.register(print, 'exit', flush=True)\n"
        f"pool = ProcessPool(Setup(job), 1, start_method={method!r})\n"
        "pool.send(Chunk(0, [0], [(('call',), {})]))\nassert pool.receive(10)\npool.close()\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "exit\n"
