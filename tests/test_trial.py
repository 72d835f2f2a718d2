"""Trials of a part of the job: real targets, real executors, real child processes; no timing is asserted."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from advisor.errors import UsageError
from advisor.models import Estimate, FailedInputs, Job, Machine, Profile, Range, Strategy, Verification
from advisor.predict import estimator
from advisor.run import trial
from advisor.run.trial import Trial, TrialJob, TrialRun, part_size, run_trials
from advisor.run.trial_child import prepare_work

pytestmark = pytest.mark.slow

MODULE = """\
import asyncio, functools, os, sys, threading, time

def nap(value=0):
    time.sleep(0.002)
    return value

async def nap_soon(value=0):
    await asyncio.sleep(0.002)
    return value

def nap_later(value=0):
    return nap_soon(value)

def only_in_the_main_thread(value=0):
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("not thread-safe:\\nsee the manual")
    time.sleep(0.002)

def crash_in_a_worker(value=0):
    import multiprocessing
    if multiprocessing.parent_process() is not None:
        os._exit(3)
    time.sleep(0.002)

def unpicklable_result(value=0):
    time.sleep(0.002)
    return lambda: value

def hang_in_a_thread(value=0):
    if threading.current_thread() is not threading.main_thread():
        time.sleep(600)
    time.sleep(0.002)

def slower_than_predicted(value=0):
    time.sleep(0.3)

def leave_in_a_thread(value=0):
    if threading.current_thread() is not threading.main_thread():
        sys.exit(4)

state = 0

def count_up(value=0):
    global state
    before = state
    time.sleep(0.002)
    state = before + 1
    return state

def with_a_time_stamp(value=0):
    time.sleep(0.002)
    return {"value": value / 3, "at": time.time_ns(), "nan": float("nan")}

def with_a_time_stamp_and_state(value=0):
    return {"count": count_up(), "at": time.time_ns()}

def random_bytes(value=0):
    time.sleep(0.002)
    return os.urandom(8)

@functools.cache
def count_loops():
    with open("loops.log", "a+") as log:
        log.write("x")
        return log.tell()

def seldom_another(value=0):
    time.sleep(0.002)
    in_loop = threading.current_thread() is threading.main_thread()
    return {"value": value, "lucky": count_loops() == 4 if in_loop else True}

def rejects(value):
    time.sleep(0.002)
    if value == 33:
        raise ValueError("not 33")
    return value

async def rejects_soon(value):
    return rejects(value)

def rejects_a_thread(value):
    if value == 35 and threading.current_thread() is not threading.main_thread():
        raise RuntimeError("not here")
    return rejects(value)

def rejects_its_second_run(value):
    time.sleep(0.002)
    os.mkdir(f"made-{value}")

def lock(value=0):
    time.sleep(0.002)
    return threading.Lock()

class Reply:
    def __init__(self, text):
        self.text = text

def reply(value=0):
    time.sleep(0.002)
    return Reply("yes" if threading.current_thread() is threading.main_thread() else "no")

def power(base, exponent=2):
    with open("calls.log", "a") as log:
        log.write(f"{base} {exponent}\\n")
    return base ** exponent
"""

MACHINE = Machine(cores=2)


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current directory, which holds a user's module and inputs."""
    (tmp_path / "work.py").write_text(MODULE)
    (tmp_path / "calls.jsonl").write_text('2\n{"args": [3], "kwargs": {"exponent": 3}}\n5\n')
    (tmp_path / "values.jsonl").write_text("1\n2\n3\n")
    (tmp_path / "forty.jsonl").write_text("".join(f"{number}\n" for number in range(40)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def napping(*, wall: float = 2.2e-3, coroutine: bool = False) -> Profile:
    return Profile(
        calls=100, wall=wall, gil_held=1e-4, gil_free=0.0, child_cpu=0.0, wait=wall - 2e-4, coroutine=coroutine
    )


def ways(profile: Profile, job: Job, *wanted: tuple[Strategy, int]) -> list[Estimate]:
    return [each for each in estimator.estimate(profile, job, MACHINE) if (each.strategy, each.workers) in wanted]


def run(target: str, *wanted: tuple[Strategy, int], **changes: Any) -> dict[Strategy, Verification]:
    """Try `target` with 40 calls in a short time, and return the rows by strategy."""
    profile, job = changes.pop("profile", napping()), changes.pop("job", Job(calls=40))
    options: dict[str, Any] = {"inputs": "values.jsonl", "seconds": 0.3, "timeout": 30.0, **changes}
    subject = TrialJob(target, options.pop("inputs"), profile, job, MACHINE)
    rows = run_trials(subject, ways(profile, job, *wanted), **options)
    assert len({row.strategy for row in rows}) == len(rows)
    return {row.strategy: row for row in rows}


def test_every_way_is_run_and_the_plain_loop_besides(directory: Path) -> None:
    """Each row holds the prediction for exactly these calls, and the measurement."""
    rows = run("work:nap", ("threading", 4), ("multiprocessing", 2))
    assert [(row.strategy, row.workers) for row in rows.values()] == [
        ("sequential", 1),
        ("threading", 4),
        ("multiprocessing", 2),
    ]
    for row in rows.values():
        assert row.failure is None
        assert 1 <= row.calls <= 40
        predicted = ways(napping(), Job(calls=row.calls), (row.strategy, row.workers))
        assert row.predicted == predicted[0].seconds.expected
        assert row.measured >= row.calls / row.workers * 0.002


@pytest.mark.parametrize("name", ["nap_soon", "nap_later"])
def test_a_coroutine_function_is_run_in_every_way(directory: Path, name: str) -> None:
    """A coroutine function runs on one loop and in pools; so does a function that returns a coroutine."""
    rows = run(
        f"work:{name}",
        ("asyncio", 10),
        ("threading", 4),
        ("multiprocessing", 2),
        profile=napping(coroutine=True),
    )
    assert set(rows) == {"sequential", "asyncio", "threading", "multiprocessing"}
    for row in rows.values():
        assert row.failure is None
        assert row.measured >= row.calls / row.workers * 0.002


def test_a_failure_in_threads_only_is_reported(directory: Path) -> None:
    """A function that is not thread-safe fails in threads only; the reason is one line."""
    rows = run("work:only_in_the_main_thread", ("threading", 4), ("multiprocessing", 2))
    assert rows["threading"].failure == "RuntimeError: not thread-safe:"
    assert rows["threading"].measured == 0
    assert rows["sequential"].failure is None
    assert rows["multiprocessing"].failure is None


@pytest.mark.parametrize(
    ("target", "strategy", "reason"),
    [
        ("work:crash_in_a_worker", "multiprocessing", "BrokenProcessPool"),
        ("work:unpicklable_result", "multiprocessing", "unpicklable_result.<locals>"),
        ("work:leave_in_a_thread", "threading", "SystemExit: 4"),
    ],
)
def test_a_pool_that_breaks_is_a_finding(directory: Path, target: str, strategy: Strategy, reason: str) -> None:
    """Workers that die, unpicklable results and calls that exit are reasons; the plain loop is unaffected."""
    rows = run(target, (strategy, 2))
    assert reason in (rows[strategy].failure or "")
    assert rows["sequential"].failure is None


@pytest.mark.parametrize(
    ("name", "loop", "threads", "processes"),
    [
        ("nap", "equal", "equal", "equal"),
        ("count_up", "equal", "different", "different"),
        ("with_a_time_stamp", "equal", "equal", "equal"),
        ("with_a_time_stamp_and_state", "equal", "different", "different"),
        ("random_bytes", "not comparable", "not comparable", "not comparable"),
        ("lock", "not comparable", "not comparable", None),
        ("reply", "equal", "different", "equal"),
        ("only_in_the_main_thread", "equal", None, "equal"),
    ],
)
def test_results_are_compared_with_the_plain_loops(
    directory: Path, name: str, loop: str, threads: str | None, processes: str | None
) -> None:
    """What varies in the plain loop itself is left out, and a run that failed has no results."""
    rows = run(f"work:{name}", ("threading", 4), ("multiprocessing", 2), seconds=2.0)
    found = {strategy: row.results for strategy, row in rows.items()}
    assert found == {"sequential": loop, "threading": threads, "multiprocessing": processes}
    for row in rows.values():
        assert (row.difference is not None) == (row.results == "different")


def test_results_that_differ_by_chance_are_no_fault_of_a_strategy(directory: Path) -> None:
    """The plain loop runs more often before it is blamed: here, its first three runs agree and the fourth does not."""
    rows = run("work:seldom_another", ("threading", 4), seconds=2.0)
    assert {strategy: row.results for strategy, row in rows.items()} == {"sequential": "equal", "threading": "equal"}
    assert len((directory / "loops.log").read_text()) >= 4


def test_an_example_of_a_difference_names_the_call(directory: Path) -> None:
    """It says what was returned instead of what."""
    row = run("work:count_up", ("multiprocessing", 2))["multiprocessing"]
    assert re.fullmatch(r"call \d+ returned \d+ instead of \d+", row.difference or "")


@pytest.mark.parametrize(
    ("name", "seconds", "in_loop"), [("rejects", 0.2, False), ("rejects", 0.8, True), ("rejects_soon", 0.2, False)]
)
def test_an_input_that_fails_by_itself_is_no_fault_of_a_strategy(
    directory: Path, name: str, seconds: float, in_loop: bool
) -> None:
    """Neither where the plain loop meets it nor where only a pool, which makes more calls, does."""
    profile = napping(coroutine=name == "rejects_soon")
    rows = run(f"work:{name}", ("threading", 4), inputs="forty.jsonl", profile=profile, seconds=seconds)
    loop, threads = rows["sequential"], rows["threading"]
    assert (loop.calls > 33, threads.calls) == (in_loop, 40)
    assert (loop.failure, loop.failed_inputs is not None) == (None, in_loop)
    assert (threads.failure, threads.results) == (None, "equal")
    assert threads.failed_inputs == FailedInputs(
        count=1, of=40, index=33, where="line 34 of forty.jsonl", exception="ValueError: not 33"
    )


def test_an_input_that_fails_in_threads_only_is_their_fault(directory: Path) -> None:
    """Also where another input fails by itself."""
    rows = run("work:rejects_a_thread", ("threading", 4), inputs="forty.jsonl", seconds=0.5)
    assert rows["threading"].calls == 40
    assert (rows["threading"].failure, rows["threading"].failed_inputs) == ("ValueError: not 33", None)


def test_a_function_that_works_only_once_fails(directory: Path) -> None:
    """Calls that all raise tell nothing about a job."""
    row = run("work:rejects_its_second_run", inputs="forty.jsonl")["sequential"]
    assert (row.failure or "").startswith("FileExistsError")
    assert row.failed_inputs is None


def test_a_trial_that_hangs_is_ended(directory: Path) -> None:
    """A trial without a message for the time-out fails, and is not run again."""
    rows = run("work:hang_in_a_thread", ("threading", 2), timeout=1.5)
    assert "did not finish within 1.5 s" in (rows["threading"].failure or "")
    assert rows["sequential"].failure is None


def test_calls_far_longer_than_predicted_are_cut_off(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row is then about the calls that were done."""
    monkeypatch.setattr(trial, "ROUNDS", 1)
    rows = run("work:slower_than_predicted", job=Job(calls=1000))
    row = rows["sequential"]
    assert row.calls < 40
    assert row.predicted == pytest.approx(row.calls * 2.2e-3)
    assert row.measured > row.calls * 0.3


def test_inputs_are_reused_when_they_run_out(directory: Path) -> None:
    """Seven calls take their arguments from three lines in turn."""
    job = Job(calls=7)
    row = run("work:power", inputs="calls.jsonl", job=job, profile=napping())["sequential"]
    assert row.calls == 7
    log = (directory / "calls.log").read_text().splitlines()
    assert log[:7] == ["2 2", "3 3", "5 2", "2 2", "3 3", "5 2", "2 2"]
    assert len(log) % 7 == 0


def test_a_function_without_arguments_is_called_without(directory: Path) -> None:
    """A function without inputs runs in a loop and in both pools."""
    rows = run("work:nap", ("threading", 4), ("multiprocessing", 2), inputs=None)
    assert all(row.failure is None for row in rows.values())


def test_a_missing_target_is_a_usage_error(directory: Path) -> None:
    """A missing target is no finding about a strategy."""
    with pytest.raises(UsageError, match="nap_long"):
        run("work:nap_long")


def test_progress_is_reported(directory: Path) -> None:
    """Each run reports the fraction done and a label."""
    reports: list[tuple[float, str]] = []
    run("work:nap", ("threading", 4), on_progress=lambda fraction, label: reports.append((fraction, label)))
    assert [fraction for fraction, _ in reports] == [0, 0.25, 0.5, 0.75]
    assert reports[1][1] == "running a part of the job: 4 threads"


def of(seconds: float, *, workers: int = 4, start_up: float = 0.0) -> Estimate:
    return Estimate(
        strategy="threading",
        workers=workers,
        seconds=Range(low=seconds, expected=seconds, high=seconds),
        bottleneck="cores",
        start_up=start_up,
    )


@pytest.mark.parametrize(
    ("estimate", "calls", "share", "part"),
    [
        (of(10.0), 1000, 1.0, 100),  # a tenth of the job
        (of(10.5, start_up=0.5), 1000, 1.0, 50),  # the rest after starting the pool
        (of(0.1), 1000, 1.0, 1000),  # all of it
        (of(100.0), 100, 1.0, 4),  # long calls: one for each worker
        (of(40.0), 100, 1.0, 8),  # two for each where that is short enough
        (of(100.0, workers=8), 5, 1.0, 5),  # never more than there are
        (of(1e-3), 10**9, 1.0, 10**6),  # no longer list than memory has room for
    ],
)
def test_the_part_fits_its_share_of_the_time(estimate: Estimate, calls: int, share: float, part: int) -> None:
    """A part has as many calls as fit, some for each worker, and at most those of the job."""
    assert part_size(estimate, Job(calls=calls), share) == part


def test_runs_that_were_cut_off_differently_are_compared_per_call() -> None:
    """The row is about the fewest calls that a run did, with the whole start-up."""
    cut_off = Trial(of(10.5, start_up=0.5), 100, [TrialRun(50, 20.0), TrialRun(25, 12.0)])
    row = cut_off.verification(cut_off)
    assert (row.calls, row.predicted, row.measured, row.cut_off) == (25, 3.0, 11.0, False)


@pytest.mark.parametrize(
    ("runs", "calls", "predicted", "measured"),
    [
        ([TrialRun(1, 20.0, too_few=True)], 100, 10.0, 20.0),  # all calls take at least that long
        ([TrialRun(1, 30.0, too_few=True), TrialRun(2, 20.0, too_few=True)], 100, 10.0, 20.0),
        ([TrialRun(1, 30.0, too_few=True), TrialRun(100, 11.0)], 100, 10.0, 11.0),  # the first was disturbed
    ],
)
def test_a_run_that_was_cut_off_is_not_scaled_up_from_few_calls(
    runs: list[TrialRun], calls: int, predicted: float, measured: float
) -> None:
    """The first calls are the longest."""
    trial = Trial(of(10.0), 100, runs)
    row = trial.verification(trial)
    assert (row.calls, row.predicted, row.measured) == (calls, predicted, measured)
    assert row.cut_off == (len(runs) == 1 or runs[-1].too_few)


@pytest.mark.parametrize(
    ("seconds", "measured", "again"),
    [
        ([10.0, 12.0], 11.0, False),
        ([10.0, 40.0], 10.0, True),
        ([10.0, 40.0, 12.0], 12.0, True),
        ([40.0], 40.0, True),  # predicted: 10 s
        ([12.0], 12.0, False),
    ],
)
def test_a_disturbed_run_is_repeated_and_decides_nothing(seconds: list[float], measured: float, again: bool) -> None:
    """Of two runs that differ much the longer one was disturbed; of three, the median counts."""
    trial = Trial(of(10.0), 100, [TrialRun(100, each) for each in seconds])
    assert trial.may_be_disturbed == again
    assert trial.verification(trial).measured == measured


def identity(value: int) -> int:
    return value


async def identity_soon(value: int) -> int:
    return value


@pytest.mark.parametrize(
    ("function", "strategy", "expected"),
    [
        (identity, "threading", ("threading", identity)),
        (identity_soon, "sequential", ("asyncio", identity_soon)),
        (identity_soon, "asyncio", ("asyncio", identity_soon)),
    ],
)
def test_a_single_argument_is_passed_as_it_is(
    function: Callable[..., Any], strategy: Strategy, expected: tuple[str, Callable[..., Any]]
) -> None:
    """A target with one argument is called without a wrapper."""
    coroutine = function is identity_soon
    work = prepare_work(function, strategy, [((1,), {}), ((2,), {})], coroutine=coroutine)
    assert (work.strategy, work.function) == expected
    assert work.arguments == [1, 2]


@pytest.mark.parametrize("soon", [identity_soon, lambda value: identity_soon(value)])
def test_a_coroutine_function_in_a_pool_gets_a_loop(soon: Callable[..., Any]) -> None:
    """A worker calls a plain function, also for a plain function that returns a coroutine."""
    work = prepare_work(soon, "threading", [((5,), {})], coroutine=True)
    assert isinstance(work.function, partial)
    assert work.function(*work.arguments) == 5
