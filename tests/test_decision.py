"""Weighing estimates and evidence → Advice."""

import itertools
import math

import pytest
from decisions import COMPUTING, JOB, NATIVE, WAITING, advised, described, dissent_of, estimate_of, plan, ran

from advisor.api import advise_on
from advisor.decide.confidence import MAX_PER_WORKER
from advisor.describe.archetype_profiles import archetypes
from advisor.describe.decision_matrix import ROWS
from advisor.describe.reader import read
from advisor.models import (
    Alternative,
    Estimate,
    Job,
    Machine,
    MatrixRow,
    Picklable,
    Profile,
    Range,
    SideEffects,
)
from advisor.models.request import AdviceRequest


@pytest.mark.parametrize(
    ("estimates", "strategy"),
    [
        (plan(threading=99.0, multiprocessing=52.0), "multiprocessing"),
        (plan(threading=50.0, multiprocessing=80.0), "threading"),
        (plan(threading=52.0, multiprocessing=50.0), "threading"),
        (plan(threading=54.0, multiprocessing=50.0), "multiprocessing"),
        (plan(threading=92.0, multiprocessing=93.0), "sequential"),
        (plan(threading=200.0, multiprocessing=90.0), "multiprocessing"),
        (plan(multiprocessing=50.0, interpreters=50.0), "multiprocessing"),
        (plan(), "sequential"),
    ],
)
def test_the_fastest_wins_and_the_simpler_within_noise(estimates: tuple[Estimate, ...], strategy: str) -> None:
    """Something must be a tenth faster than the plain loop, and a twentieth faster than what is simpler."""
    assert advised(estimates=estimates).recommendation == strategy


def test_a_coroutine_function_keeps_its_event_loop() -> None:
    """For a coroutine function asyncio is taken up to a tenth slower than the best, and no further."""
    coroutine = WAITING.model_copy(update={"coroutine": True})
    near, far = plan(threading=50.0, asyncio=54.0), plan(threading=50.0, asyncio=56.0)
    assert advised(coroutine, estimates=near).recommendation == "asyncio"
    assert advised(coroutine, estimates=far).recommendation == "threading"
    assert advised(WAITING, estimates=near).recommendation == "threading"


def test_shared_state_keeps_to_threads_unless_processes_are_much_faster() -> None:
    """Copying state must pay: below half again as fast threads stay, above it processes win and say what it costs."""
    sharing = Job(calls=100, shares_state=True)
    little = advised(job=sharing, estimates=plan(threading=70.0, multiprocessing=50.0))
    much = advised(job=sharing, estimates=plan(threading=95.0, multiprocessing=50.0))
    assert (little.recommendation, much.recommendation) == ("threading", "multiprocessing")
    assert little.confidence > 0.8  # processes are faster, but were passed over knowingly
    assert dissent_of(much) == [
        "Shared state favours threads, but 2 processes are 1.9× as fast as the best threads, which makes up "
        "for sending results back and merging them."
    ]
    assert "unshared-state" in [warning.code for warning in much.warnings]


def test_globals_that_calls_write_are_shared_state() -> None:
    """What was seen counts unless the caller says otherwise."""
    writing = COMPUTING.model_copy(update={"side_effects": SideEffects(globals_written=("cache",))})
    estimates = plan(threading=70.0, multiprocessing=50.0)
    assert advised(writing, estimates=estimates).recommendation == "threading"
    declared = Job(calls=100, shares_state=False)
    assert advised(writing, declared, estimates=estimates).recommendation == "multiprocessing"


def test_a_crowd_of_processes_must_be_worth_its_memory() -> None:
    """Many processes on few cores are advised for a clear gain over threads only; few need no such gain."""

    def over_threads(seconds: float, workers: int) -> str:
        pool = estimate_of("multiprocessing", seconds, workers)
        return advised(WAITING, estimates=(*plan(threading=10.0), pool)).recommendation

    assert over_threads(9.0, 32) == "threading"
    assert over_threads(9.0, 8) == "multiprocessing"
    assert over_threads(8.0, 32) == "multiprocessing"


def test_responsiveness_moves_the_work_off_the_main_thread() -> None:
    """A pool that gains nothing is advised for responsiveness, unless it loses much or the job is over in no time."""
    responsive = Job(calls=100, responsive=True)
    assert advised(WAITING, responsive, estimates=plan(threading=101.0)).recommendation == "threading"
    assert advised(WAITING, responsive, estimates=plan(threading=160.0)).recommendation == "sequential"
    blink = (estimate_of("sequential", 0.05), estimate_of("threading", 0.05))
    assert advised(WAITING, responsive, estimates=blink).recommendation == "sequential"


TINY = Profile(calls=10**5, wall=2e-6, gil_held=2e-6, gil_free=0.0, wait=0.0)


@pytest.mark.parametrize(
    ("profile", "estimates", "rule", "summary"),
    [
        (
            COMPUTING,
            plan(threading=99.0, multiprocessing=52.0),
            "holds-gil",
            "Use 2 processes: about 1.9× faster (1.7–2.1×), because the function holds the GIL for 97 % of its time.",
        ),
        (
            TINY,
            plan(threading=900.0, multiprocessing=1500.0),
            "too-small",
            "Keep the plain loop, because a call takes 2 µs and sending one to a worker costs 90 µs.",
        ),
    ],
)
def test_the_summary_says_what_to_do_and_why(
    profile: Profile, estimates: tuple[Estimate, ...], rule: str, summary: str
) -> None:
    """One sentence holds strategy, workers, speed-up with its interval, and the strongest reason."""
    advice = advised(profile, estimates=estimates)
    assert (advice.reasons[0].rule, advice.summary) == (rule, summary)


def test_speed_ups_are_ordered_and_the_loops_is_one() -> None:
    """Intervals are in order, expected is the ratio of the seconds, and the plain loop's is exactly one."""
    advice = advised(estimates=plan(threading=99.0, multiprocessing=52.0))
    for other in advice.alternatives:
        assert other.speedup is not None
        assert other.seconds is not None
        assert other.speedup.low <= other.speedup.expected <= other.speedup.high
        assert math.isclose(other.speedup.expected, 100.0 / other.seconds.expected)
        assert other.speedup.high <= max(MAX_PER_WORKER * other.workers, other.speedup.expected)
    loop = next(other for other in advice.alternatives if other.strategy == "sequential")
    assert loop.speedup == Range(low=1.0, expected=1.0, high=1.0)


def test_an_interval_does_not_deny_the_limit() -> None:
    """It ends where the limit may be at most; what was expected, or run, beyond the limit shows that it is none."""

    def threads(seconds: float) -> Alternative:
        named = {"why": "limited by the GIL: about 1.2×", "bottleneck": "gil", "limit": 1.2, "max_speedup": 1.4}
        rows = (estimate_of("sequential", 100.0), estimate_of("threading", seconds, workers=8, spread=3.0, **named))
        return next(one for one in advised(estimates=rows).alternatives if one.strategy == "threading")

    slow, fast = threads(90.0), threads(50.0)
    assert slow.speedup is not None
    assert fast.speedup is not None
    assert (slow.why, slow.speedup.high) == ("limited by the GIL: about 1.2×", 1.4)
    assert fast.why == "limited by the GIL"
    assert fast.speedup.high > fast.speedup.expected == 2.0


def test_errors_that_all_strategies_share_do_not_widen_the_speed_up() -> None:
    """An uncertain length of a call cancels between strategies; an error of the strategy's own does not."""
    loop = estimate_of("sequential", 100.0, spread=2.0)
    shared = advised(estimates=(loop, estimate_of("multiprocessing", 30.0, workers=4, spread=2.0))).speedup
    own = advised(estimates=(loop, estimate_of("multiprocessing", 30.0, workers=4, spread=3.0))).speedup
    assert shared is not None
    assert own is not None
    assert shared.high / shared.low < 1.25
    assert own.high / own.low > 1.5


def test_alternatives_begin_with_the_advice_and_end_with_what_cannot_be_done() -> None:
    """The recommended is first, then the others by time, then the infeasible with the reason."""
    impossible = estimate_of("multiprocessing", 50.0, feasible=False, why="the function is a lambda")
    advice = advised(estimates=(*plan(asyncio=140.0, threading=96.0), impossible))
    assert [(other.strategy, other.feasible) for other in advice.alternatives] == [
        ("sequential", True),
        ("threading", True),
        ("asyncio", True),
        ("multiprocessing", False),
    ]
    assert advice.alternatives[-1].why == "the function is a lambda"
    assert advice.alternatives[-1].seconds is None


def test_workers_and_chunk_are_those_of_the_leader() -> None:
    """The advice takes the smallest pool that is nearly the best, and the chunk that goes with it."""
    pools = tuple(estimate_of("multiprocessing", 30.0 - workers / 10, workers, chunk=5) for workers in (4, 8))
    advice = advised(estimates=(*plan(), *pools))
    assert (advice.workers, advice.chunk, advice.seconds) == (4, 5, pools[0].seconds)
    assert "5 calls per task" in advice.summary


def test_confidence_falls_as_intervals_overlap() -> None:
    """A clear lead is trusted, an overlapping one less, and nothing is certain."""
    clear = advised(estimates=plan(threading=99.0, multiprocessing=52.0)).confidence
    spread = (estimate_of("sequential", 100.0), estimate_of("threading", 75.0, spread=1.6))
    close = advised(estimates=(*spread, estimate_of("multiprocessing", 70.0, spread=1.6))).confidence
    assert 0.9 < clear < 1.0
    assert 0.2 < close < 0.8


def test_dissent_with_the_matrix_is_said_aloud() -> None:
    """When the target's name speaks of a matrix row and the measurement of something else, a reason says so."""
    images = NATIVE.model_copy(update={"target": "shop.images:resize_all"})
    advice = advised(images, estimates=plan(threading=52.0, multiprocessing=51.0))
    assert dissent_of(advice) == [
        "The matrix says multiprocessing for “Processing 100 images”; here your function computes for 92 % of its time "
        "with the GIL released, so use 2 threads."
    ]
    assert dissent_of(advised(NATIVE, estimates=plan(threading=52.0, multiprocessing=51.0))) == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.task)
def test_each_row_of_the_matrix_comes_out(row: MatrixRow) -> None:
    """With nothing else known, the cost model on the archetype comes to the matrix's verdict by itself."""
    profile = archetypes()[row.archetype]
    for cores, calls in itertools.product((2, 4, 16), (20, 100, 1000)):
        host = Machine(cores=cores, memory=16_000_000_000)
        advice = advise_on(AdviceRequest(profile, Job(calls=calls), host, "described"))
        assert (advice.recommendation, cores, calls) == (row.recommendation, cores, calls)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.task)
def test_a_description_is_advised_as_its_row_says(row: MatrixRow) -> None:
    """A described task gets the row's verdict with workers, a wide interval and evidence "described"."""
    advice = described(row.task)
    assert (advice.recommendation, advice.evidence) == (row.recommendation, "described")
    assert advice.workers > 1 or advice.job.responsive
    assert advice.confidence <= read(row.task).confidence
    assert advice.seconds is not None
    assert advice.seconds.high > 1.5 * advice.seconds.low
    assert "assumed-figures" in [warning.code for warning in advice.warnings]


def test_a_described_speed_up_is_wider_than_a_measured_one() -> None:
    """The same figures predict the speed-up less sharply when they are assumed than when they were measured."""
    assumed = archetypes()["image"]
    known = assumed.model_copy(update={"archetype": None, "calls": 50, "standard_error": {}})
    host = Machine(cores=16, memory=16_000_000_000)
    wide = advise_on(AdviceRequest(assumed, JOB, host, "described")).speedup
    narrow = advise_on(AdviceRequest(known, JOB, host)).speedup
    assert wide is not None
    assert narrow is not None
    assert wide.low < 0.8 * narrow.low
    assert wide.expected / wide.low > narrow.expected / narrow.low


def test_confidence_in_one_short_call_is_no_better_than_a_toss() -> None:
    """It may have been the first one's imports; of a long call, or with another one measured, they are a small part."""
    only = {"calls": 1, "wall": 0.2, "first_call": 0.2, "gil_held": 0.2, "gil_free": 0.0, "child_cpu": 0.0, "wait": 0.0}
    once = Profile(**only, standard_error={"wall": 0.3})
    another = once.model_copy(update={"first_call": 0.3})
    estimates = plan(multiprocessing=50.0)
    sure = advised(another, estimates=estimates).confidence
    assert advised(once, estimates=estimates).confidence == pytest.approx(sure / 2, abs=0.01)
    ran_it = (ran("sequential", 100.0, 100.0), ran("multiprocessing", 50.0, 50.0))
    long = once.model_copy(update={"wall": 30.0, "first_call": 30.0, "gil_held": 30.0})
    assert advised(long, estimates=estimates).confidence == pytest.approx(sure, abs=0.01)
    assert advised(once, estimates=estimates, trials=ran_it).confidence > 0.9


def test_a_profile_without_the_split_is_no_better_than_a_toss() -> None:
    """Where only the length of a call is known, computing is assumed, with little confidence and a warning."""
    bare, split = advised(Profile(calls=50, wall=1.0)), advised(COMPUTING)
    assert bare.confidence <= 0.5 < split.confidence
    assert "unknown-split" in [warning.code for warning in bare.warnings]
    assert "unknown-split" not in [warning.code for warning in split.warnings]


def test_one_core_overrules_a_description() -> None:
    """Computing on a host with one core gains nothing from processes, and the advice says that the matrix differs."""
    advice = described("Scientific simulations", Machine(cores=1))
    assert advice.recommendation == "sequential"
    assert dissent_of(advice) == [
        "The matrix says multiprocessing for “Scientific simulations”; here only one core may be used and this job "
        "computes rather than waits, so keep the plain loop."
    ]


def test_a_vague_description_is_undecided() -> None:
    """Too little to go on is no guess: no seconds, no confidence, and a question in the summary."""
    advice = described("please make it faster")
    assert (advice.recommendation, advice.confidence, advice.seconds) == ("undecided", 0.0, None)
    assert advice.questions == read("please make it faster").questions
    assert advice.summary == f"More information is needed: {advice.questions[0]}"


def test_the_cost_model_is_asked_when_no_estimates_are_given() -> None:
    """Without estimates the cost model's are used: processes for a call that holds the GIL, none for a lambda."""
    assert advised().recommendation == "multiprocessing"
    bound = COMPUTING.model_copy(update={"picklable": Picklable(function=False, reasons={"function": "a lambda"})})
    assert advised(bound).recommendation == "sequential"
