"""Results made of many pieces of native memory are told from those of Python's own objects."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from advisor import profile
from advisor.measure import native_allocations
from advisor.models import Job, Machine, Profile
from advisor.predict import estimator

etree = pytest.importorskip("lxml.etree")
NODES = 20_000

if native_allocations.pieces_per_result([b""]) is None:
    pytest.skip("this C library tells nothing of its pieces", allow_module_level=True)


def tree(_: int = 0) -> object:
    return etree.HTML(b"<p>" + b"<i>x</i>" * NODES, etree.HTMLParser())


def test_nodes_are_counted_roughly() -> None:
    """An element and its text are a piece each."""
    found = native_allocations.pieces_per_result([tree() for _ in range(3)])
    assert found is not None
    assert NODES / 2 < found < NODES * 20


@pytest.mark.parametrize("make", [lambda: None, lambda: bytes(10_000_000), lambda: list(map(str, range(10_000)))])
def test_objects_of_python_are_not_counted(make: Callable[[], object]) -> None:
    """Their memory is freed under the GIL, or in one piece."""
    found = native_allocations.pieces_per_result([make() for _ in range(5)])
    assert found is not None
    assert found < NODES / 4


def test_results_with_other_references_count_as_none() -> None:
    """Dropping the list does not free them."""
    kept = tree()
    before = sys.getrefcount(kept)
    found = native_allocations.pieces_per_result([kept])
    assert sys.getrefcount(kept) == before
    assert found is not None
    assert found < 100


def test_a_profile_contains_the_count() -> None:
    """Measured on the few results that the runner keeps."""
    measured = profile(tree, [1, 2], budget=0.3)
    assert measured.result_pieces is not None
    assert measured.result_pieces > NODES / 2


def test_threads_pay_for_them_and_processes_do_not() -> None:
    """As far as calls compute without the GIL, and the more so the more pieces there are."""
    machine, job = Machine(cores=4), Job(calls=1000)

    def seconds(pieces: float | None, strategy: str, native: float = 0.009) -> float:
        given = Profile(
            calls=20, wall=0.01, gil_held=0.01 - native, gil_free=native, child_cpu=0.0, wait=0.0, result_pieces=pieces
        )
        return min(one.seconds.expected for one in estimator.estimate(given, job, machine) if one.strategy == strategy)

    assert seconds(None, "threading") == seconds(0.0, "threading")
    assert seconds(0.0, "threading") < seconds(20_000.0, "threading") < seconds(40_000.0, "threading")
    assert seconds(40_000.0, "threading", native=0.0) == seconds(0.0, "threading", native=0.0)
    for strategy in ("sequential", "multiprocessing"):
        assert seconds(40_000.0, strategy) == seconds(0.0, strategy)
