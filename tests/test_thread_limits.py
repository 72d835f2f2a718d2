"""Calls that are parallel by themselves: how to limit them, and what processes would bring then."""

from __future__ import annotations

import pytest

from advisor import api
from advisor.decide import thread_limits
from advisor.models import Advice, Job, Machine, Profile, SideEffects, Touch
from advisor.models.request import AdviceRequest

MACHINE = Machine(cores=4, core_scaling=1.0, source="measured")
POOL = SideEffects(children_left=4)


def _profile(**fields: object) -> Profile:
    known = {"calls": 50, "wall": 0.1, "gil_held": 0.0, "gil_free": 0.3, "child_cpu": 0.0, "wait": 0.0}
    return Profile.model_validate({**known, "native_threads": 3.0, **fields})


def _pitfall(profile: Profile, machine: Machine = MACHINE) -> str:
    advice: Advice = api.advise_on(AdviceRequest(profile, Job(calls=2000), machine))
    return "".join(pitfall.text for pitfall in advice.warnings if pitfall.code == "nested-parallelism")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"modules": ("numpy.linalg",)}, "OPENBLAS_NUM_THREADS=1"),
        ({"modules": ("numpy", "polars")}, "POLARS_MAX_THREADS=1"),
        ({"modules": ("numpy", "torch.nn")}, "torch.set_num_threads(1)"),
        ({"modules": ("sklearn.svm",)}, "n_jobs=1"),
        ({"touches": (Touch(name="cv2", kind="library"),)}, "cv2.setNumThreads(1)"),
        ({}, "OMP_NUM_THREADS=1"),
        ({"gil_free": 0.0, "child_cpu": 0.3}, "ffmpeg -threads 1"),
        ({"gil_free": 0.0, "child_cpu": 0.3, "side_effects": POOL, "modules": ("joblib.parallel",)}, "n_jobs=1"),
        ({"gil_free": 0.0, "child_cpu": 0.3, "side_effects": POOL}, "without its pool"),
    ],
)
def test_the_setting_is_that_of_the_library(fields: dict[str, object], expected: str) -> None:
    assert expected in _pitfall(_profile(**fields))


def test_processes_with_limited_calls_are_estimated() -> None:
    """Calls that lose most of their three cores to each other do better with one each."""
    loses = _profile(gil_free=0.12)
    limited = thread_limits.limited_processes(loses, Job(calls=2000), MACHINE)
    assert limited is not None
    assert limited.strategy == "multiprocessing"
    assert 50 < limited.seconds.expected < 100  # 240 core seconds on four cores; the loop takes 200 s
    assert "instead of" in _pitfall(loses)
    assert "no faster" in _pitfall(_profile(gil_free=0.39, native_threads=3.9))


@pytest.mark.parametrize(
    "fields",
    [
        {"native_threads": 1.1},
        {"native_threads": None},
        {"native_threads": 1.0, "side_effects": POOL},  # a helper that does nothing
    ],
)
def test_other_calls_are_not_accused(fields: dict[str, object]) -> None:
    assert _pitfall(_profile(gil_free=0.1, **fields)) == ""


def test_nothing_is_promised_where_little_is_known() -> None:
    assert "With that limit" not in _pitfall(_profile(gil_free=0.0, child_cpu=0.3))
    assert "With that limit" not in _pitfall(_profile(wait=None, gil_free=None))
    assert _pitfall(_profile(), MACHINE.model_copy(update={"cores": 1})) == ""
