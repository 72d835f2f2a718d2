"""What a call holds while others would have to wait is found by looking, without calling it concurrently."""

import fcntl
import functools
import multiprocessing
import os
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from advisor.measure import lock_contention
from advisor.measure.imported_modules import modules
from advisor.measure.profiler import profile
from advisor.models import HeldResource, Job, Machine, Profile
from advisor.predict.estimator import estimate
from advisor.target.loader import Call

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked here")
LOCK = threading.Lock()
RECURSIVE = threading.RLock()
TWO = threading.Semaphore(2)
SHARED_LOCK = multiprocessing.Lock()


class Store:
    """Has a lock, and a pool of three connections."""

    lock = threading.Lock()

    def __init__(self) -> None:
        self.pool: queue.LifoQueue[int] = queue.LifoQueue(3)
        for connection in range(3):
            self.pool.put(connection)

    def ask(self) -> None:
        connection = self.pool.get()
        time.sleep(0.005)
        self.pool.put(connection)

    def save(self) -> None:
        with self.lock:
            time.sleep(0.005)


STORE = Store()


@functools.cache
def cached_store() -> Store:
    return Store()


def with_lock() -> None:
    with LOCK:
        time.sleep(0.003)
    time.sleep(0.003)


def with_recursive() -> None:
    with RECURSIVE:
        time.sleep(0.005)


def with_semaphore() -> None:
    with TWO:
        time.sleep(0.005)


def with_shared_lock() -> None:
    with SHARED_LOCK:
        time.sleep(0.005)


def with_cached() -> None:
    cached_store().ask()


def with_own_lock() -> None:
    with threading.Lock():
        time.sleep(0.005)


LOCAL = threading.local()
LOCAL.lock = threading.Lock()
SEVERAL = [threading.Lock() for _ in range(4)]


def with_local() -> None:
    with LOCAL.lock:
        time.sleep(0.005)


def with_one_of_several() -> None:
    with SEVERAL[0]:
        time.sleep(0.005)


def found_in(function: Callable[..., Any], *args: Any) -> tuple[HeldResource, ...]:
    calls = [Call(args), Call(args)] if args else None
    return lock_contention.look(function, calls, 0.005, 0.3)


@pytest.mark.parametrize(
    ("function", "name", "kind", "places", "everywhere"),
    [
        (with_lock, "LOCK", "lock", 1, False),
        (with_recursive, "RECURSIVE", "lock", 1, False),
        (with_semaphore, "TWO", "semaphore", 2, False),
        (with_shared_lock, "SHARED_LOCK", "lock", 1, True),
        (STORE.ask, "pool", "pool", 3, False),
        (STORE.save, "lock", "lock", 1, False),
        (functools.partial(Store.ask, STORE), "pool", "pool", 3, False),
        (with_cached, "pool", "pool", 3, False),
    ],
)
def test_what_is_held_is_found(
    function: Callable[..., Any], name: str, kind: str, places: int, everywhere: bool
) -> None:
    """A lock, a semaphore or a pool that can be reached by names, with how many can have it at a time."""
    function()
    (one,) = found_in(function)
    assert one.name.endswith(name)
    assert (one.kind, one.places, one.everywhere) == (kind, places, everywhere)
    assert 0 < one.seconds <= 0.005


@pytest.mark.parametrize("function", [with_own_lock, with_local, with_one_of_several, lambda: time.sleep(0.005)])
def test_what_the_next_call_may_have_of_its_own_is_no_limit(function: Callable[..., Any]) -> None:
    """A lock made in the call, of the thread, or one of several."""
    assert found_in(function) == ()


def test_an_argument_that_all_calls_share_is_followed() -> None:
    """One store for all calls limits them, one for each does not."""
    assert [one.kind for one in found_in(Store.ask, STORE)] == ["pool"]
    stores = [Call((Store(),)), Call((Store(),))]
    assert lock_contention.look(Store.ask, stores, 0.005, 0.3) == ()


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="the system does not tell who locked a file")
def test_the_lock_that_a_library_keeps_around_its_own_c_code_is_found() -> None:
    """SciPy's splines are old Fortran, and one lock in their module lets one thread at a time in."""
    interpolate = pytest.importorskip("scipy.interpolate")
    axis = list(range(60))

    def refine() -> Any:
        grid = [[row * column % 7 for column in axis] for row in axis]
        return interpolate.RectBivariateSpline(axis, axis, grid)(axis, axis)

    found = lock_contention.look(refine, None, 0.003, 0.3)
    assert [(one.name.rpartition(".")[2], one.kind, one.everywhere) for one in found] == [
        ("FITPACK_LOCK", "lock", False)
    ]


def test_the_lock_of_a_file_is_found_and_holds_processes_too(tmp_path: Path) -> None:
    """By its name, though nothing in Python leads to it."""
    path = tmp_path / "stock.json"
    path.touch()

    def change() -> None:
        with path.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            time.sleep(0.005)

    (one,) = found_in(change)
    assert (one.name, one.kind, one.everywhere) == (str(path), "file lock", True)


class Proxy:
    """As Flask's `request`: nothing can be asked of it outside of a request."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(f"working outside of a request: {name}")


PROXY = Proxy()


def with_proxy_about() -> None:
    with LOCK:
        time.sleep(0.005)
    assert PROXY is not None


def test_an_object_that_answers_nothing_is_passed_over() -> None:
    """The lock beside it is found, and so are the modules that the function names."""
    assert [one.name.rpartition(".")[2] for one in found_in(with_proxy_about)] == ["LOCK"]
    assert "time" in modules(with_proxy_about)
    assert profile(with_proxy_about, budget=0.3).held


def test_a_call_that_ends_the_program_ends_the_looking() -> None:
    """`sys.exit` in a later call is no end of ours."""
    called = []

    def leaves() -> None:
        called.append(1)
        raise SystemExit

    assert lock_contention.look(leaves, None, 0.001, 0.1) == ()
    assert called == [1]


def test_long_calls_are_not_made_once_more() -> None:
    """Where two calls do not fit into the time for it, nothing is called."""
    called = []
    assert lock_contention.look(lambda: called.append(1), None, 10.0, 0.2) == ()
    assert not called


def test_the_profile_says_what_is_held() -> None:
    """The whole way: measured, then looked at, with seconds of a call."""
    measured = profile(with_lock, budget=1.0)
    (one,) = measured.held
    assert one.name.endswith("LOCK")
    assert one.seconds < 0.8 * measured.wall


def test_threads_stand_in_line_where_each_process_has_its_own() -> None:
    """A lock held for half of a call halves what threads can do, and not what processes can."""
    lock = HeldResource(name="LOCK", kind="lock", seconds=0.05)
    waiting = Profile(calls=10, wall=0.1, gil_held=0.001, gil_free=0.0, child_cpu=0.0, wait=0.099, held=(lock,))
    best = _best(waiting)
    assert 1.4 < best["threading"] < 2.0
    assert best["multiprocessing"] > 6


def test_what_the_host_has_one_of_holds_processes_too() -> None:
    """The lock of a file lets no strategy pass."""
    lock = HeldResource(name="/srv/stock.json", kind="file lock", seconds=0.05, everywhere=True)
    waiting = Profile(calls=10, wall=0.1, gil_held=0.001, gil_free=0.0, child_cpu=0.0, wait=0.099, held=(lock,))
    assert max(_best(waiting).values()) < 2.0


@needs_fork
@pytest.mark.parametrize(("leaving", "status"), [(None, 0), (SystemExit(3), 3), (SystemExit(), 0), (ValueError(), 1)])
@pytest.mark.parametrize("way", ["look", "profile"])
def test_a_fork_that_comes_back_goes_no_further(way: str, leaving: BaseException | None, status: int) -> None:
    """It ends where the call does, whether it returns or raises: what comes next is the original's alone."""
    statuses = []

    def forks() -> None:
        child = os.fork()
        if child:
            statuses.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        elif leaving is not None:
            raise leaving

    owner = os.getpid()
    try:
        if way == "look":
            lock_contention.look(forks, None, wall=0.0, seconds=0.0)
        else:
            profile(forks, budget=0.0)
    finally:
        if os.getpid() != owner:
            os._exit(99)
    assert set(statuses) == {status}


def _best(measured: Profile) -> dict[str, float]:
    """Each strategy's speed-up at its best."""
    estimates = estimate(measured, Job(calls=1000), Machine(cores=4))
    loop = next(one for one in estimates if one.strategy == "sequential")
    best: dict[str, float] = {}
    for one in estimates:
        best[one.strategy] = max(best.get(one.strategy, 0.0), loop.seconds.expected / one.seconds.expected)
    return best
