"""What a call holds while others would have to wait for it is found by sampling, without calling it concurrently."""

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

from advisor.measure.imported_modules import modules
from advisor.measure.lock_contention import find_held_resources
from advisor.measure.profiler import profile
from advisor.models import HeldResource, Job, Machine, Profile
from advisor.predict.estimator import estimate
from advisor.target.inputs import Call

pytestmark = pytest.mark.slow

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked here")
LOCK = threading.Lock()
RECURSIVE = threading.RLock()
TWO = threading.Semaphore(2)
SHARED_LOCK = multiprocessing.Lock()
LOCAL = threading.local()
LOCAL.lock = threading.Lock()
SEVERAL = [threading.Lock() for _ in range(4)]


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


class Proxy:
    """Like Flask's `request`: nothing can be asked of it outside of a request."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(f"working outside of a request: {name}")


STORE = Store()
PROXY = Proxy()


@functools.cache
def cached_store() -> Store:
    return Store()


def hold(resource: Any) -> None:
    with resource:
        time.sleep(0.005)


def with_lock() -> None:
    """Beside an object that cannot be looked into."""
    with LOCK:
        time.sleep(0.005)
    assert PROXY is not None


def found_in(function: Callable[..., Any], calls: list[Call] | None = None) -> tuple[HeldResource, ...]:
    return find_held_resources(function, calls, 0.005, 0.3)


@pytest.mark.parametrize(
    ("function", "name", "kind", "places", "everywhere"),
    [
        (with_lock, "LOCK", "lock", 1, False),
        (lambda: hold(RECURSIVE), "RECURSIVE", "lock", 1, False),
        (lambda: hold(TWO), "TWO", "semaphore", 2, False),
        (lambda: hold(SHARED_LOCK), "SHARED_LOCK", "lock", 1, True),
        (STORE.ask, "pool", "pool", 3, False),
        (STORE.save, "lock", "lock", 1, False),
        (functools.partial(Store.ask, STORE), "pool", "pool", 3, False),
        (lambda: cached_store().ask(), "pool", "pool", 3, False),
    ],
)
def test_what_is_held_is_found(
    function: Callable[..., Any], name: str, kind: str, places: int, everywhere: bool
) -> None:
    """A lock, a semaphore or a pool that can be reached by names, with how many can have it at a time."""
    function()
    (held,) = found_in(function)
    assert held.name.endswith(name)
    assert (held.kind, held.places, held.everywhere) == (kind, places, everywhere)
    assert 0 < held.seconds <= 0.005


@pytest.mark.parametrize(
    ("function", "calls"),
    [
        (lambda: hold(threading.Lock()), None),
        (lambda: hold(LOCAL.lock), None),
        (lambda: hold(SEVERAL[0]), None),
        (lambda: time.sleep(0.005), None),
        (Store.ask, [Call((Store(),)), Call((Store(),))]),
    ],
)
def test_what_the_next_call_may_have_of_its_own_is_no_limit(
    function: Callable[..., Any], calls: list[Call] | None
) -> None:
    """A lock made in the call, of the thread, or one of several, and a pool in an argument of its own."""
    assert found_in(function, calls) == ()


def test_an_argument_that_all_calls_share_is_followed() -> None:
    """One store for all calls limits them."""
    assert [held.kind for held in found_in(Store.ask, [Call((STORE,)), Call((STORE,))])] == ["pool"]


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="the system does not tell who locked a file")
def test_the_lock_that_a_library_keeps_around_its_own_c_code_is_found() -> None:
    """SciPy's splines are old Fortran, and one lock in their module lets one thread at a time in."""
    interpolate = pytest.importorskip("scipy.interpolate")
    if not hasattr(interpolate._fitpack2, "FITPACK_LOCK"):
        pytest.skip("SciPy needs no such lock since 1.18")
    axis = list(range(60))

    def refine() -> Any:
        grid = [[row * column % 7 for column in axis] for row in axis]
        return interpolate.RectBivariateSpline(axis, axis, grid)(axis, axis)

    (held,) = find_held_resources(refine, None, 0.003, 0.3)
    assert (held.name.rpartition(".")[2], held.kind, held.everywhere) == ("FITPACK_LOCK", "lock", False)


def test_the_lock_of_a_file_is_found_and_holds_processes_too(tmp_path: Path) -> None:
    """By its name, though nothing in Python leads to it."""
    path = tmp_path / "stock.json"
    path.touch()

    def change() -> None:
        with path.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            time.sleep(0.005)

    (held,) = found_in(change)
    assert (held.name, held.kind, held.everywhere) == (str(path), "file lock", True)


def test_a_call_that_ends_the_program_ends_the_sampling() -> None:
    """`sys.exit` in a later call does not end this process."""
    calls = []

    def leaves() -> None:
        calls.append(1)
        raise SystemExit

    assert find_held_resources(leaves, None, 0.001, 0.1) == ()
    assert calls == [1]


def test_long_calls_are_not_made_once_more() -> None:
    """Where two calls do not fit into the time, nothing is called."""
    calls: list[int] = []
    assert find_held_resources(lambda: calls.append(1), None, 10.0, 0.2) == ()
    assert not calls


def test_the_profile_says_what_is_held() -> None:
    """The whole way: measured, then sampled, with seconds of a call."""
    measured = profile(with_lock, budget=1.0)
    (held,) = measured.held
    assert held.name.endswith("LOCK")
    assert held.seconds <= measured.wall
    assert "time" in modules(with_lock)


@pytest.mark.parametrize(
    ("everywhere", "bounds"),
    [(False, {"threading": (1.4, 2.0), "multiprocessing": (6.0, 1000.0)}), (True, {"multiprocessing": (0.0, 2.0)})],
)
def test_calls_wait_for_what_others_hold(everywhere: bool, bounds: dict[str, tuple[float, float]]) -> None:
    """A lock held for half of a call halves what threads can do; processes wait only for one of the whole host."""
    lock = HeldResource(name="LOCK", kind="file lock" if everywhere else "lock", seconds=0.05, everywhere=everywhere)
    waiting = Profile(calls=10, wall=0.1, gil_held=0.001, gil_free=0.0, child_cpu=0.0, wait=0.099, held=(lock,))
    estimates = estimate(waiting, Job(calls=1000), Machine(cores=4))
    loop = next(one.seconds.expected for one in estimates if one.strategy == "sequential")
    for strategy, (low, high) in bounds.items():
        fastest = min(one.seconds.expected for one in estimates if one.strategy == strategy)
        assert low < loop / fastest < high


@needs_fork
@pytest.mark.parametrize(("leaving", "status"), [(None, 0), (SystemExit(3), 3), (SystemExit(), 0), (ValueError(), 1)])
@pytest.mark.parametrize("way", ["sampling", "profile"])
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
        if way == "sampling":
            find_held_resources(forks, None, 0.0, 0.0)
        else:
            profile(forks, budget=0.0)
    finally:
        if os.getpid() != owner:
            os._exit(99)
    assert set(statuses) == {status}
