"""How calls are sent and what comes back is handled: a pool without workers, and a clock that the tests set."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator

import pytest

from advisor.errors import CallError
from advisor.jobs.dispatcher import LONGEST_STEP, PendingCall
from advisor.jobs.pools.pool import Done, Report
from tests.fake_pool import Job, refuse_odd, sent_keys


@pytest.mark.parametrize("chunk", [1, 3, 100])
def test_every_input_is_sent_once_and_every_result_is_read_in_order(chunk: int) -> None:
    """The chunks cover the inputs without a gap."""
    job = Job(range(50), chunk=chunk)
    assert job.run() == [str(number) for number in range(50)]
    assert [key for keys in sent_keys(job) for key in keys] == list(range(50))
    assert job.tally.report().calls == 50


def test_results_wait_for_those_before_them() -> None:
    """In order, the second result is read after the first; otherwise as it comes."""
    for ordered, read in ((True, []), (False, ["1"])):
        job = Job(range(4), ordered=ordered)
        job.dispatcher.step()
        job.pool.finish(1)
        job.dispatcher.step()
        assert job.read() == read
        job.pool.finish(0)
        job.dispatcher.step()
        assert read + job.read() == (["0", "1"] if ordered else ["1", "0"])


def test_no_more_is_sent_than_there_is_room_for() -> None:
    """Inputs are read when they are sent, not before."""
    job = Job(iter(range(1_000)))
    job.dispatcher.step()
    assert sent_keys(job) == [[0], [1], [2], [3]]
    assert job.inputs.read == 4
    assert job.dispatcher.calls_in_flight == 4


def test_the_results_that_wait_are_bounded() -> None:
    """While one call takes long, no more are sent than the window has room for."""
    job = Job(iter(range(1_000_000)), window=10)
    for _ in range(100):
        job.dispatcher.step()
        job.pool.finish_all(but=0)
    assert job.inputs.read <= 10 + 4
    job.pool.finish(0)
    job.dispatcher.step()
    assert job.read() == [str(number) for number in range(len(job.pool.sent))]


def test_chunks_become_small_towards_the_end() -> None:
    """So are the first, while it is not known how long a call takes; the workers begin and end together."""
    job = Job(range(1_000), chunk=500)
    job.run()
    sizes = [len(keys) for keys in sent_keys(job)]
    assert sizes[:5] == [1, 1, 1, 1, 249]
    assert sizes[4:] == sorted(sizes[4:], reverse=True)
    assert sizes[-4:] == [1, 1, 1, 1]


def test_long_calls_are_sent_one_by_one() -> None:
    """Once it is known that a call takes long, chunks have one."""
    job = Job(iter(range(100)), chunk=10)
    job.dispatcher.step()
    job.pool.finish_all()
    job.dispatcher.collect()
    job.dispatcher.step()
    assert [len(keys) for keys in sent_keys(job)[4:]] == [10, 10, 10, 10]
    chunk = job.pool.sent[4]
    job.pool.news.append(Report(4, [Done(key, key, False, 1.0, 0.0) for key in chunk.keys], finished=True))
    job.dispatcher.collect()
    job.dispatcher.step()
    assert [len(keys) for keys in sent_keys(job)[8:]] == [1]


def test_slow_inputs_are_sent_a_few_at_a_time() -> None:
    """Workers and readers do not wait until inputs that take long to read fill a large chunk."""

    def inputs() -> Iterator[int]:
        for number in itertools.count():
            time.sleep(0.005)
            yield number

    job = Job(inputs(), chunk=1_000)
    for _ in range(5):
        job.dispatcher.step()
        job.pool.finish_all()
    assert all(len(keys) <= 4 for keys in sent_keys(job))


def test_with_a_time_limit_calls_are_sent_one_by_one() -> None:
    """Only a call that is alone in its chunk can be ended without others."""
    job = Job(range(10), chunk=10, call_timeout=1.0)
    job.run()
    assert {len(keys) for keys in sent_keys(job)} == {1}


def test_the_calls_of_a_lost_chunk_are_made_again_one_by_one() -> None:
    """Those that were reported before are not, and the one that kills its worker alone is the one that fails."""
    job = Job(range(9), chunk=4, workers=1)
    job.dispatcher.step()
    job.pool.finish_all()
    job.dispatcher.collect()
    job.dispatcher.step()
    assert sent_keys(job) == [[0], [1], [2, 3, 4, 5], [6, 7]]
    job.pool.finish(2, first=1)
    job.pool.lose(2)
    job.dispatcher.collect()
    job.dispatcher.step()
    assert sent_keys(job)[4:] == [[3]]
    job.pool.lose(4)
    job.dispatcher.collect()
    results = job.read() + job.run()
    failure = results[3]
    assert (failure.index, failure.type, failure.message) == (3, "WorkerError", "the worker was killed")
    assert failure.attempts == 1
    assert results[:3] + results[4:] == [str(number) for number in range(9) if number != 3]
    assert sorted(keys[0] for keys in sent_keys(job)[4:]) == [3, 4, 5, 8]


def test_a_call_that_has_not_begun_is_not_to_blame() -> None:
    """A chunk of one call that waited in a lost worker is sent again, as its first attempt."""
    job = Job(range(1))
    job.dispatcher.step()
    job.pool.lose(0, started=False)
    job.dispatcher.collect()
    job.dispatcher.step()
    assert sent_keys(job) == [[0], [0]]
    job.pool.lose(1)
    job.dispatcher.collect()
    (failure,) = job.read()
    assert (failure.type, failure.attempts) == ("WorkerError", 1)


def test_a_killed_call_is_tried_again_if_retries_are_left() -> None:
    """A killed worker counts like an exception."""
    job = Job(range(1), retries=1)
    job.dispatcher.step()
    job.pool.lose(0)
    job.dispatcher.step()
    assert job.run() == ["0"]
    assert job.tally.report().retried == 1


def test_failures_stand_in_the_places_of_results() -> None:
    """Each has the index of its input, the exception and its traceback."""
    job = Job(range(6), chunk=3)
    results = job.run(refuse_odd)
    assert results[::2] == [0, 2, 4]
    assert [(each.index, each.type, each.message) for each in results[1::2]] == [
        (1, "ValueError", "1 is odd"),
        (3, "ValueError", "3 is odd"),
        (5, "ValueError", "5 is odd"),
    ]
    assert "refuse_odd" in results[1].traceback
    report = job.tally.report()
    assert (report.calls, report.succeeded, report.failed, report.retried) == (6, 3, 3, 0)


def test_an_error_comes_in_its_turn_and_ends_the_job() -> None:
    """Results before it are read first; nothing is sent after it."""
    job = Job(range(1_000), on_error="raise")
    job.dispatcher.step()
    job.pool.finish(1, refuse_odd)
    job.dispatcher.collect()
    assert job.read() == []
    job.pool.finish_all()
    job.dispatcher.collect()
    job.dispatcher.step()
    assert len(job.pool.sent) == 4
    assert not job.dispatcher.has_more
    results = job.reader.read()
    assert next(results) == ["0"]
    with pytest.raises(CallError, match=r"^call 1 of job raised ValueError: 1 is odd$") as raised:
        list(results)
    assert (raised.value.index, raised.value.attempts) == (1, 1)
    assert isinstance(raised.value.__cause__, ValueError)
    assert job.delivery.rest() == [(2, "2"), (3, "3")]


def test_calls_that_fail_are_made_again_after_growing_pauses() -> None:
    """So often as is allowed; the record tells how often."""
    job = Job(range(1), retries=3)
    pauses = []

    def refuse(_: int) -> None:
        pauses.append(job.clock.now)
        raise OSError("no route")

    (failure,) = job.run(refuse)
    assert (failure.type, failure.attempts) == ("OSError", 4)
    assert job.tally.report().retried == 3
    gaps = [after - before for before, after in itertools.pairwise(pauses)]
    for gap, least in zip(gaps, [0.1, 0.2, 0.4], strict=True):
        assert least <= round(gap - LONGEST_STEP, 6) <= least + 0.1  # in a step the clock goes on


@pytest.mark.parametrize("lose", [True, False], ids=["lost", "failed"])
def test_a_call_is_made_again_though_all_others_wait_for_it(lose: bool) -> None:
    """Send the first call again while the window is full of results behind it."""
    job = Job(iter(range(1_000)), window=10, retries=1)
    for _ in range(20):
        job.dispatcher.step()
        job.pool.finish_all(but=0)
    if lose:
        job.pool.lose(0, started=False)
    else:
        job.pool.finish(0, lambda number: 1 // number)
    for _ in range(20):
        job.dispatcher.step()
        job.pool.finish_all()
    assert [keys for keys in sent_keys(job) if keys == [0]] == [[0], [0]]
    assert job.read()[:10] == [str(number) for number in range(10)]


def test_other_calls_go_on_while_one_waits_for_its_next_attempt() -> None:
    """A pause costs no other call time."""
    job = Job(iter(range(100)), retries=1)
    job.outcomes.failed(1_000, ((1_000,), {}), OSError(), made=1)
    job.dispatcher.step()
    assert sent_keys(job) == [[0], [1], [2], [3]]


def test_a_call_that_waits_for_its_next_attempt_keeps_the_job_alive() -> None:
    """The dispatcher waits for it, no longer than needed, when nothing else is left."""
    job = Job([], retries=1)
    job.outcomes.failed(0, ((0,), {}), OSError(), made=1)
    assert job.run() == ["0"]


def test_refused_calls_are_no_failures() -> None:
    """A call that a service refuses because of the others is made again without counting as an attempt."""
    job = Job(range(4))
    job.dispatcher.step()

    def refuse(_: int) -> None:
        raise RuntimeError("429 Too Many Requests")

    job.pool.finish(0, refuse)
    job.dispatcher.step()
    assert job.dispatcher.request_pace.rate is not None
    assert job.run() == ["0", "1", "2", "3"]
    report = job.tally.report()
    assert (report.succeeded, report.failed, report.retried, report.throttled) == (4, 0, 0, 1)


def test_a_lone_call_that_is_refused_is_a_failure() -> None:
    """Count it as a failure if one call is made at a time: there are no others to blame."""
    job = Job(range(1), workers=1)

    def refuse(_: int) -> None:
        raise RuntimeError("429 Too Many Requests")

    (failure,) = job.run(refuse)
    assert failure.type == "RuntimeError"


def test_a_call_that_takes_too_long_is_ended() -> None:
    """It fails with a time-out; the others go on."""
    job = Job(range(4), call_timeout=1.5)
    job.dispatcher.step()
    job.pool.late = {1}
    job.dispatcher.step()
    assert job.pool.ended == [1]
    job.dispatcher.step()
    results = job.run()
    assert results[0] == "0"
    assert (results[1].type, results[1].message) == ("TimeoutError", "the call took longer than 1.5 s")
    assert results[2:] == ["2", "3"]
    assert job.tally.report().abandoned == 0


def test_a_call_that_cannot_be_ended_is_counted() -> None:
    """Its thread is left behind, and it is ended once only."""
    job = Job(range(1), call_timeout=1.0)
    job.pool.can_end = False
    job.dispatcher.step()
    job.pool.late = {0}
    for _ in range(3):
        job.dispatcher.step()
    assert job.pool.ended == [0]
    assert job.tally.report().abandoned == 1


def test_arguments_that_cannot_be_sent_fail_alone() -> None:
    """The others of their chunk are sent one by one; another attempt would be in vain."""
    job = Job(range(8), chunk=4, retries=2)
    job.pool.unpicklable = {1}
    results = job.run()
    assert (results[1].type, results[1].message, results[1].attempts) == ("TypeError", "cannot pickle it", 1)
    assert results[:1] + results[2:] == [str(number) for number in range(8) if number != 1]


def testnews_of_unknown_chunks_are_ignored() -> None:
    """Such as those of a chunk that was given up."""
    job = Job(range(2))
    job.dispatcher.step()
    job.pool.news.append(Report(99, [Done(0, "late", False, 0.0, None)], finished=True))
    assert job.run() == ["0", "1"]


def test_a_stopped_dispatcher_hands_back_what_is_left() -> None:
    """Calls in flight, and those that wait to be made again; another one makes them first."""
    job = Job(range(100))
    job.dispatcher.take_over([PendingCall(500, ((500,), {}), 1)])
    job.dispatcher.step()
    job.dispatcher.stop_sending()
    assert job.dispatcher.calls_in_flight == job.pool.workers  # what no worker has begun was taken back
    job.pool.finish(0)
    job.pool.lose(1, started=False)
    job.dispatcher.step()
    assert len(job.pool.sent) == 4
    back = job.dispatcher.hand_back()
    assert sorted((call.key, call.made) for call in back) == [(0, 0), (1, 0), (2, 0)]
    other = Job([])
    other.dispatcher.take_over(back)
    other.run()
    assert sorted(keys[0] for keys in sent_keys(other)) == [0, 1, 2]


def test_inputs_that_raise_end_the_job_after_the_calls_before() -> None:
    """Make the calls for the inputs that were read; the error waits for the engine."""

    def inputs() -> Iterator[int]:
        yield from range(3)
        raise OSError("torn tape")

    job = Job(inputs(), chunk=10)
    assert job.run() == ["0", "1", "2"]
    assert isinstance(job.inputs.error, OSError)
