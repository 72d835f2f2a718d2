"""The table of reference workloads, their jobs in processes of their own, and the demo."""

from __future__ import annotations

import io
import itertools
import pickle
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from advisor.describe.decision_matrix import MATRIX, ROWS
from advisor.models import Advice, Alternative, Job, Machine, Profile, Range
from profiles import WORKLOADS, Workload, demo, find, loopback, scratch
from profiles.job import SEQUENTIAL, JobError, Plan, measure, plan_of, timed
from profiles.testing import NOTING, call, load_or_skip, wait_until

NAMES = [workload.name for workload in WORKLOADS]


UNPICKLABLE_ARGUMENTS = {"unpicklable.apply_rule": "make_rule", "unpicklable.rank_customers": "Connection"}


UNPICKLABLE_RESULTS = {"unpicklable.parse_page": "_Element"}


@pytest.fixture(autouse=True, scope="module")
def _clean_up() -> Iterator[None]:
    yield
    loopback.stop()
    scratch.remove(scratch.folder())


def test_names_are_unique_and_found() -> None:
    """Each workload has a unique name, by which it is found; an unknown name lists the known ones."""
    assert [find(name).name for name in NAMES] == NAMES
    assert len(set(NAMES)) == len(NAMES)
    with pytest.raises(LookupError, match=r"web\.download"):
        find("no.such")


def test_every_row_of_the_matrix_is_covered() -> None:
    """Each task of the decision matrix has a workload, and no workload names an unlisted task."""
    rows = {workload.row for workload in WORKLOADS}
    assert {row.task for row in MATRIX} <= rows
    assert rows <= {row.task for row in ROWS}


def test_missing_packages_and_programs_are_named() -> None:
    """A workload whose package or program is not installed names it."""
    workload = Workload(
        "a.b", "a:b", "a:b_inputs", 1, "", "", packages=("json", "no_such_package"), programs=("no-such",)
    )
    assert workload.missing == ("no_such_package", "no-such")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_each_call_gives_a_result(name: str) -> None:
    """Every workload's function takes its inputs and returns the same result for the same input."""
    function, arguments = load_or_skip(find(name))
    first, again, other = (call(function, argument) for argument in (arguments[0], arguments[0], arguments[-1]))
    assert first is not None
    assert other is not None
    if name in UNPICKLABLE_RESULTS:
        assert type(first) is type(again)
    elif name != "web.handle_request":  # it counts its visitors
        assert pickle.dumps(first) == pickle.dumps(again)


def test_every_plan_calls_the_function_with_every_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Functions and coroutine functions are called once for each call of the job, whatever the plan."""
    (tmp_path / "noting.py").write_text(NOTING)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    plans = [SEQUENTIAL, Plan("threading", 2), Plan("multiprocessing", 2, 3), Plan("asyncio", 2)]
    for name, plan in itertools.product(("note", "note_later"), plans):
        if (name, plan.strategy) == ("note", "asyncio"):
            continue  # no way to do it
        timed(Workload("noting", f"noting:{name}", "noting:inputs", 7, "", ""), plan)
        notes = tmp_path / "notes"
        assert sorted(notes.read_text().split()) == ["0", "0", "0", "1", "1", "2", "2"], (name, plan)
        notes.unlink()


@pytest.mark.parametrize("name", [name for name in NAMES if name not in UNPICKLABLE_ARGUMENTS])
def test_functions_and_arguments_can_be_pickled(name: str) -> None:
    """Functions and arguments survive pickling, except those that are there because theirs do not."""
    function, arguments = load_or_skip(find(name))
    copy = pickle.loads(pickle.dumps(function))
    assert getattr(copy, "__func__", copy) is getattr(function, "__func__", function)
    assert type(pickle.loads(pickle.dumps(arguments[0]))) is type(arguments[0])


@pytest.mark.parametrize(("name", "reason"), (UNPICKLABLE_ARGUMENTS | UNPICKLABLE_RESULTS).items())
def test_unpicklable_workloads_are_unpicklable(name: str, reason: str) -> None:
    """A closure, an open connection and a tree of lxml cannot be pickled, and the error names them."""
    function, arguments = load_or_skip(find(name))
    unpicklable = arguments[0] if name in UNPICKLABLE_ARGUMENTS else function(arguments[0])
    with pytest.raises((AttributeError, TypeError, pickle.PicklingError), match=reason):
        pickle.dumps(unpicklable)


def test_a_method_pickles_its_object() -> None:
    """The method of the terrain pickles to some megabytes, its argument and result to little."""
    function, arguments = load_or_skip(find("payloads.TERRAIN.climb"))
    assert len(pickle.dumps(function)) > 4_000_000
    assert len(pickle.dumps((arguments[0], function(arguments[0])))) < 1_000


@pytest.mark.slow
def test_a_job_runs_in_a_process_of_its_own() -> None:
    """The same job runs sequentially, in threads and in processes, and reports its seconds."""
    for plan in (SEQUENTIAL, Plan("threading", 2), Plan("multiprocessing", 2, chunk=20_000)):
        workload = Workload("tiny.clamp", "", "", 0, "", "")  # found again by its name over there
        assert 0 < measure(workload, plan, timeout=60) < 60


def test_a_failed_job_names_the_reason() -> None:
    """Arguments that cannot be pickled fail in a process pool, with the reason."""
    with pytest.raises(JobError, match="make_rule"):
        measure(find("unpicklable.apply_rule"), Plan("multiprocessing", 2), timeout=60)


def test_a_job_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job beyond its time limit is ended, with the server and everything else it started."""
    mark = uuid.uuid4().hex
    monkeypatch.setenv("JOB_OF_THIS_TEST", mark)
    with pytest.raises(JobError, match=r"no end within 1 s"):
        measure(find("web.download"), SEQUENTIAL, timeout=1)
    assert wait_until(lambda: not marked(mark))


def marked(mark: str) -> list[int]:
    """Ids of processes with our mark in the environment they were started with."""
    return [process.pid for process in psutil.process_iter() if environment(process).get("JOB_OF_THIS_TEST") == mark]


def environment(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except psutil.Error:
        return {}


def advice(*, wait: float, coroutine: bool = False) -> Advice:
    profile = Profile(calls=10, wall=1.0, wait=wait, gil_held=1 - wait, coroutine=coroutine)
    seconds = Range(low=1, expected=1, high=1)
    processes = Alternative(
        strategy="multiprocessing", workers=2, feasible=True, seconds=seconds, speedup=seconds, why="", chunk=8
    )
    return Advice(
        recommendation="multiprocessing",
        workers=2,
        confidence=0.9,
        evidence="measured",
        speedup=Range(low=1.5, expected=1.8, high=2),
        seconds=seconds,
        summary="",
        reasons=(),
        warnings=(),
        alternatives=(processes,),
        profile=profile,
        machine=Machine(),
        job=Job(),
        snippet="",
        chunk=8,
    )


PICK = Plan("multiprocessing", 2, 8)


def test_a_plan_follows_the_advice() -> None:
    """A plan takes strategy and workers from the advice, and chunks for processes only."""
    advised = advice(wait=0.0)
    assert plan_of(advised) == PICK
    assert plan_of(advised.model_copy(update={"recommendation": "threading"})) == Plan("threading", 2)
    assert plan_of(advised.model_copy(update={"recommendation": "sequential"})) == SEQUENTIAL
    with pytest.raises(ValueError, match="recommendation"):
        plan_of(advised.model_copy(update={"recommendation": "undecided"}))


def test_the_demo_compares_prediction_and_outcome() -> None:
    """The demo's last table shows both times and both speed-ups of each function, in 80 columns."""
    console = Console(width=80, file=io.StringIO())
    demo.show([demo.Outcome(find("simulation.price_option"), advice(wait=0.0), 4.0, 2.0)], console)
    assert isinstance(console.file, io.StringIO)
    row = next(line for line in console.file.getvalue().splitlines() if "price_option" in line)
    assert row.split() == ["price_option", "multiprocessing", "×", "2", "4.00", "s", "2.00", "s", "1.8×", "2.0×"]
