"""What trials change in the advice: times, results and failures."""

import math

import pytest
from decisions import WAITING, advised, dissent_of, estimate_of, plan, ran

from advisor.decide.trial_correction import calibrate, with_failed_inputs
from advisor.models import FailedInputs, Range, Results


def test_what_was_run_overrules_what_was_modelled() -> None:
    """Threads that turned out slow lose the first place, and the advice says so."""
    advice = advised(
        WAITING,
        estimates=plan(threading=40.0, multiprocessing=60.0),
        trials=[ran("sequential", 10.0, 10.0), ran("threading", 4.0, 9.8), ran("multiprocessing", 6.0, 6.1)],
    )
    assert (advice.recommendation, advice.evidence) == ("multiprocessing", "verified")
    assert math.isclose(advice.seconds.expected, 61.0) if advice.seconds else False
    assert [reason.rule for reason in advice.reasons[:1]] == ["verified"]
    assert advice.reasons[0].text == "A trial of 10 calls with 2 processes took 6.1 s; predicted were 6 s."
    assert dissent_of(advice)[0] == (
        "The model expected 2 threads to be fastest (40 s), but by the trial it takes 98 s. The measurement takes "
        "precedence."
    )


def test_what_failed_when_run_cannot_be_advised() -> None:
    """A strategy that failed in verification is infeasible, with the failure as the reason."""
    advice = advised(
        estimates=plan(threading=90.0, multiprocessing=52.0),
        trials=[ran("multiprocessing", 5.2, 0.0, failure="BrokenProcessPool: killed")],
    )
    assert (advice.recommendation, advice.evidence) == ("threading", "measured")
    assert advice.alternatives[-1].strategy == "multiprocessing"
    assert advice.alternatives[-1].why == "failed when it was run: BrokenProcessPool: killed"
    assert "failed when it was run" in dissent_of(advice)[0]


def test_what_gave_other_results_cannot_be_advised() -> None:
    """A strategy whose results differed is infeasible with any number of workers, however fast it was."""
    difference = {"results": "different", "difference": "call 3 returned 7 instead of 9"}
    trials = [
        ran("sequential", 10.0, 10.0, results="equal"),
        ran("threading", 0.5, 0.5, 8, **difference),
        ran("multiprocessing", 5.2, 5.2, results="equal"),
    ]
    advice = advised(WAITING, estimates=plan(threading=4.0, multiprocessing=52.0), trials=trials)
    assert (advice.recommendation, advice.evidence) == ("multiprocessing", "verified")
    assert advice.reasons[0].text.endswith(" The results were the same as those of the plain loop.")
    assert advice.alternatives[-1].strategy == "threading"
    assert advice.alternatives[-1].why == (
        "gave different results from the plain loop in a trial: call 3 returned 7 instead of 9"
    )
    only_loop = advised(WAITING, estimates=plan(threading=4.0), trials=trials)
    assert only_loop.recommendation == "sequential"
    assert "every other strategy fails or gives different results" in only_loop.summary


def test_a_plain_loop_that_failed_in_a_trial_stays_possible() -> None:
    """It is what the others are compared with: the file that its second run needs may be gone."""
    trials = [ran("sequential", 10.0, 0.0, failure="OSError"), ran("threading", 4.0, 0.0, failure="OSError")]
    assert advised(WAITING, estimates=plan(threading=40.0), trials=trials).recommendation == "sequential"


def test_a_run_that_was_cut_off_does_not_verify() -> None:
    """It took at least so long; the interval is not narrowed."""
    trials = [ran("sequential", 10.0, 10.0), ran("threading", 4.0, 8.0, cut_off=True)]
    advice = advised(WAITING, estimates=plan(threading=40.0), trials=trials)
    assert (advice.recommendation, advice.evidence) == ("threading", "measured")
    assert "verified" not in [reason.rule for reason in advice.reasons]


def test_a_failure_with_many_workers_leaves_fewer_possible() -> None:
    """A pool that worked with 2 workers stays possible when 8 failed."""
    pools = tuple(estimate_of("threading", 100.0 / workers, workers) for workers in (2, 4, 8))
    runs = [ran("threading", 5.0, 5.0, 2), ran("threading", 1.2, 0.0, 8, failure="too many connections")]
    assert [one.feasible for one in calibrate(pools, runs)] == [True, True, False]


def test_corrections_scale_by_the_nearest_run() -> None:
    """Each worker count takes the ratio of the nearest run of its strategy; what was not run takes the plain loop's."""
    few, many, processes = (
        estimate_of("threading", 50.0, 2),
        estimate_of("threading", 10.0, 16),
        estimate_of("multiprocessing", 60.0),
    )
    runs = [ran("sequential", 10.0, 12.0), ran("threading", 5.0, 5.0, 2), ran("threading", 1.0, 3.0, 16)]
    after = calibrate((few, many, processes), runs)
    assert [round(one.seconds.expected, 9) for one in after] == [50.0, 30.0, 72.0]


def test_the_advice_is_verified_only_if_it_was_run() -> None:
    """A run of another strategy does not verify the one that is advised."""
    estimates = plan(threading=95.0, multiprocessing=52.0)
    only_threads = advised(estimates=estimates, trials=[ran("threading", 9.5, 9.5)])
    assert (only_threads.recommendation, only_threads.evidence) == ("multiprocessing", "measured")
    both = [ran("threading", 9.5, 9.5), ran("multiprocessing", 5.2, 5.2)]
    assert advised(estimates=estimates, trials=both).evidence == "verified"


def test_inputs_that_failed_in_a_trial_are_handled_as_if_measured() -> None:
    """The profile names them, so a warning tells of them and the code catches what they raise."""
    failed = [FailedInputs(count=count, of=100, index=7, exception="ValueError: bad") for count in (1, 2)]
    trials = [
        ran("sequential", 10.0, 10.0, failed_inputs=failed[0]),
        ran("threading", 4.0, 4.0, failed_inputs=failed[1]),
    ]
    profile = with_failed_inputs(WAITING, trials)
    assert profile.failed_inputs == failed[1]
    assert with_failed_inputs(profile, [ran("threading", 4.0, 4.0)]) is profile
    assert "failing-inputs" in [warning.code for warning in advised(profile, trials=trials).warnings]


@pytest.mark.parametrize(
    ("loop", "threads", "evidence", "warned"),
    [
        ("equal", "equal", "verified", False),
        ("equal", "not comparable", "measured", True),
        ("not comparable", "not comparable", "verified", False),
    ],
)
def test_results_that_only_the_loop_can_compare_do_not_verify(
    loop: Results, threads: Results, evidence: str, warned: bool
) -> None:
    """They may be other results: a warning says so, and the advice is less certain."""
    trials = [ran("sequential", 10.0, 10.0, results=loop), ran("threading", 4.0, 4.0, results=threads)]
    advice = advised(WAITING, estimates=plan(threading=40.0), trials=trials)
    assert (advice.recommendation, advice.evidence) == ("threading", evidence)
    assert ("results-not-compared" in [warning.code for warning in advice.warnings]) == warned
    assert (advice.confidence < 0.8) == warned


def test_runs_on_another_machine_correct_but_do_not_verify() -> None:
    """Where the plan is for another host, what was run here scales the estimates and narrows no interval."""
    runs = [ran("multiprocessing", 5.0, 6.0)]
    estimates = (*plan(), estimate_of("multiprocessing", 50.0, spread=2.0))
    here = advised(estimates=estimates, trials=runs)
    elsewhere = advised(estimates=estimates, trials=runs, evidence="measured")
    assert (here.evidence, elsewhere.evidence) == ("verified", "measured")
    assert here.seconds == Range(low=60.0 / 1.15, expected=60.0, high=60.0 * 1.15)
    assert elsewhere.seconds == Range(low=30.0, expected=60.0, high=120.0)


def test_a_slow_start_is_added_once() -> None:
    """What the assumed start-up of spawned workers may explain does not make every call longer."""
    seconds = Range(low=91.0, expected=101.0, high=111.0)
    spawned = estimate_of("multiprocessing", 101.0, 2).model_copy(
        update={"seconds": seconds, "start_up": 1.0, "start_method": "spawn"}
    )
    own = spawned.model_copy(update={"start_method": None})
    late, slow = ran("multiprocessing", 2.0, 2.5), ran("multiprocessing", 2.0, 4.0)
    expected = [each.seconds.expected for each in calibrate((spawned, own), [late], same_machine=False)]
    assert [round(each, 6) for each in expected] == [101.5, 126.25]
    [scaled] = calibrate((spawned,), [slow], same_machine=False)
    assert round(scaled.seconds.expected, 6) == 202.0  # a second of start-up, and calls that take twice as long
