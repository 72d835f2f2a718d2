"""A pool of the workers of a cluster: where chunks go, and what happens when workers come and go."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from advisor.clusters.engine import Worker
from advisor.errors import WorkerError
from advisor.jobs.pools.cluster import ClusterPool
from advisor.jobs.pools.cluster_members import PATIENCE
from advisor.jobs.pools.cluster_payload import SHARED_BYTES
from advisor.jobs.pools.pool import CannotLoadError, CannotSendError, Chunk, Done, PoolBrokenError, Setup
from tests import calls
from tests.manual_cluster import ManualEngine


def open_pool(engine: ManualEngine, function: Callable[..., Any] = calls.square, **options: Any) -> ClusterPool:
    return ClusterPool(Setup(function), engine, clock=engine.clock, **options)


def send(pool: ClusterPool, *numbers: Sequence[Any]) -> None:
    """Send a chunk for each sequence of arguments; keys and arguments are the same."""
    for number, arguments in enumerate(numbers):
        pool.send(Chunk(number, list(arguments), [((argument,), {}) for argument in arguments]))


def fill(pool: ClusterPool) -> int:
    """Send chunks of one call while there is room, and return how many."""
    number = 0
    while pool.room():
        pool.send(Chunk(number, [number], [((number,), {})]))
        number += 1
    return number


def receive(pool: ClusterPool) -> list[Done]:
    return [done for report in pool.receive(0.0) for done in report.done]


def finish_all(pool: ClusterPool, engine: ManualEngine) -> dict[int, Any]:
    """Finish all tasks, those too that are sent meanwhile, and return the results."""
    found: dict[int, Any] = {}
    while engine.tasks:
        engine.finish_all()
        found |= results(receive(pool))
    return found


def results(done: Sequence[Done]) -> dict[int, Any]:
    return {each.key: each.value for each in done}


def test_every_worker_gets_chunks_for_its_threads_and_a_few_more() -> None:
    """A worker with more threads gets more; the rest waits for room."""
    engine = ManualEngine(1, 4)
    pool = open_pool(engine)
    assert pool.workers == 5
    sent = fill(pool)
    assert sent == len(engine.tasks)
    assert 2 <= len(engine.at("w0")) <= 1 + 1 * 4
    assert 5 <= len(engine.at("w1")) <= 4 + 4 * 4
    engine.finish_all()
    assert results(receive(pool)) == {number: number * number for number in range(sent)}
    assert pool.room() > 0


def test_a_limit_bounds_the_threads_that_are_used() -> None:
    """They are spread over the workers, and no chunk waits where a further thread would take it."""
    engine = ManualEngine(4, 4, 4)
    pool = open_pool(engine, limit=4)
    assert pool.workers == 4
    fill(pool)
    assert sorted(len(engine.at(worker.id)) for worker in engine.present) == [1, 1, 2]
    pool.resize(12)
    assert pool.workers == 12
    assert pool.room() > 0


def test_an_idle_worker_takes_over_from_one_that_is_busy_with_the_calls_of_others() -> None:
    """A chunk that has not begun after a while moves to a free worker; one that has begun stays."""
    engine = ManualEngine(1, 1)
    pool = open_pool(engine)
    send(pool, [2], [3])
    (stuck,), (other,) = engine.at("w0"), engine.at("w1")
    engine.finish(other)
    receive(pool)
    assert engine.at("w0") == [stuck]
    engine.clock.now += 6.0
    receive(pool)
    assert not engine.at("w0")
    (moved,) = engine.at("w1")
    engine.begun.add(moved)
    engine.clock.now += 6.0
    receive(pool)
    assert engine.at("w1") == [moved]
    assert len(finish_all(pool, engine)) == 1


def test_an_idle_worker_takes_over_what_waits_at_another_one() -> None:
    """It takes nothing that may have begun."""
    engine = ManualEngine(1, 2)
    pool = open_pool(engine)
    fill(pool)
    others = engine.at("w1")
    engine.begun.update(others[:2])
    for ticket in engine.at("w0"):
        engine.finish(ticket)
    pool.receive(0.0)
    pool.receive(0.0)
    assert others[-1] not in engine.tasks
    assert set(others[:2]) <= engine.tasks.keys()
    assert engine.at("w0")


def test_chunks_that_had_not_started_are_sent_again_as_they_were() -> None:
    """Nothing is reported, and another worker makes the calls."""
    engine = ManualEngine(1, 1)
    pool = open_pool(engine)
    send(pool, [1, 2], [3, 4])
    engine.kill("w0")
    assert pool.receive(0.0) == []
    assert len(engine.at("w1")) == 2
    assert len({id(task.program) for task in engine.tasks.values()}) == 1
    engine.finish_all()
    assert results(receive(pool)) == {1: 1, 2: 4, 3: 9, 4: 16}


def test_the_call_that_kills_its_process_is_found_and_the_others_are_unharmed() -> None:
    """All calls that a lost worker may have run are made again in child processes, and one child dies."""
    engine = ManualEngine(3)
    pool = open_pool(engine, _exit_at_3)
    send(pool, [1, 2], [3, 4], [5, 6])
    engine.present.append(Worker("w1", "host", 1))
    engine.kill("w0", started=engine.at("w0"))
    pool.receive(1.0)
    pool.receive(0.0)
    found = finish_all(pool, engine)
    error = found.pop(3)
    assert isinstance(error, WorkerError)
    assert str(error) == "the worker process exited with status 7"
    assert found == {1: 1, 2: 2, 4: 4, 5: 5, 6: 6}
    pool.close()


def test_a_call_that_has_killed_its_process_never_runs_in_a_worker_again() -> None:
    """Its next attempt runs in a child process from the beginning."""
    engine = ManualEngine(1, 1)
    pool = open_pool(engine, _exit_at_3)
    send(pool, [3])
    engine.kill("w0", started=engine.at("w0"))
    pool.receive(0.0)
    engine.finish_all()
    assert isinstance(results(receive(pool))[3], WorkerError)
    send(pool, [3])
    engine.finish_all()
    assert isinstance(results(receive(pool))[3], WorkerError)
    pool.close()


def test_a_call_that_loses_one_worker_after_the_other_is_given_up() -> None:
    """Even in child processes; the calls beside it are tried by themselves before."""
    engine = ManualEngine(1, 1, 1, 1, 1, 1, 1, 1, 1)
    pool = open_pool(engine)
    send(pool, [1, 2])
    found: dict[int, Any] = {}
    for _ in range(30):
        for ticket in list(engine.tasks):
            if 2 in engine.keys(ticket):
                engine.kill(engine.tasks[ticket].worker, started=[ticket])
            else:
                engine.finish(ticket)
        found |= results(receive(pool))
    assert found.pop(1) == 1
    assert isinstance(found.pop(2), WorkerError)
    assert not found
    assert len(engine.present) >= 2
    pool.close()


def test_new_workers_get_work_at_once() -> None:
    """A worker that joins when all others have gone saves the job."""
    engine = ManualEngine(1)
    pool = open_pool(engine)
    send(pool, [1], [2])
    engine.kill("w0")
    assert pool.receive(1.0) == []
    assert "workers" in pool.waits_for
    assert pool.room() == 0
    engine.present = [Worker("w1", "host", 2)]
    pool.receive(1.0)
    assert len(engine.at("w1")) == 2
    assert pool.waits_for == ""
    assert pool.workers == 2


def test_the_pool_breaks_when_no_workers_come() -> None:
    """The text says how to go on."""
    engine = ManualEngine(1)
    pool = open_pool(engine)
    send(pool, [1])
    engine.kill("w0")
    pool.receive(PATIENCE / 2)
    with pytest.raises(PoolBrokenError, match=r"no workers for 60 s.*checkpoint"):
        pool.receive(PATIENCE)


def test_the_pool_breaks_when_the_scheduler_is_gone() -> None:
    """After what has arrived was read."""
    engine = ManualEngine(1)
    pool = open_pool(engine)
    send(pool, [1])
    engine.is_lost = True
    with pytest.raises(PoolBrokenError, match=r"connection to manual is lost.*checkpoint"):
        pool.receive(1.0)


def test_a_worker_that_cannot_load_the_function_is_left_out() -> None:
    """Another one makes the calls; where none can, the text says what is missing where."""
    engine = ManualEngine(1, 1)
    pool = open_pool(engine)
    send(pool, [1], [2])
    engine.fail(engine.at("w0")[0], ModuleNotFoundError("No module named 'shop'"))
    pool.receive(0.0)
    assert len(engine.at("w1")) == 2
    engine.fail(engine.at("w1")[0], ModuleNotFoundError("No module named 'shop'"))
    with pytest.raises(CannotLoadError, match=r"No module named 'shop'.*w1"):
        pool.receive(1.0)


def test_a_failing_initializer_breaks_the_pool() -> None:
    """Its name and what it raised are told."""
    engine = ManualEngine(1)
    pool = ClusterPool(Setup(calls.square, calls.refuse_three, (3,)), engine, clock=engine.clock)
    send(pool, [1])
    engine.finish_all()
    with pytest.raises(PoolBrokenError, match="initializer refuse_three raised LookupError: no 3 here"):
        pool.receive(1.0)


def test_a_result_that_cannot_be_pickled_fails_alone() -> None:
    """The other calls of its chunk have results."""
    engine = ManualEngine(1)
    pool = open_pool(engine, _lock_at_3)
    send(pool, [1, 2, 3, 4])
    engine.finish_all()
    found = receive(pool)
    assert [each.key for each in found if each.failed] == [3]
    assert "cannot be pickled" in str(results(found)[3])


def test_arguments_that_cannot_be_pickled_are_refused() -> None:
    """The pool is as it was before."""
    engine = ManualEngine(1)
    pool = open_pool(engine)
    with pytest.raises(CannotSendError):
        pool.send(Chunk(0, [0], [((threading.Lock(),), {})]))
    assert not engine.tasks


def test_what_has_not_begun_can_be_withdrawn() -> None:
    """Chunks that run stay."""
    engine = ManualEngine(1, 1)
    pool = open_pool(engine)
    sent = fill(pool)
    running = {0, 1}
    assert set(pool.withdraw()) == set(range(sent)) - running
    assert len(engine.tasks) == 2


def test_a_large_argument_of_several_calls_is_sent_once() -> None:
    """It is found among positional and keyword arguments, and each chunk gets a copy of its own."""
    engine = ManualEngine(1)
    pool = open_pool(engine, _length)
    table = list(range(SHARED_BYTES))
    before = engine.shared_bytes
    for number in range(20):
        call = ((number, table), {}) if number % 2 else ((number,), {"table": table})
        pool.send(Chunk(number, [number], [call]))
        engine.finish_all()
        assert results(receive(pool)) == {number: number + len(table)}
    data = engine.shared_bytes - before
    assert data < 3 * 3 * SHARED_BYTES


def test_an_argument_that_changes_between_calls_is_sent_each_time() -> None:
    """A buffer that is filled anew for each call is never mistaken for one that stays as it is."""
    engine = ManualEngine(1)
    pool = open_pool(engine, sum)
    buffer = bytearray(SHARED_BYTES * 2)
    for number in range(20):
        buffer[number] = 1
        pool.send(Chunk(number, [number], [((buffer,), {})]))
        engine.finish_all()
        assert results(receive(pool)) == {number: number + 1}


def test_a_shared_argument_that_changes_late_is_sent_again() -> None:
    """A buffer that many calls had as it was is sent anew as soon as it is another one."""
    engine = ManualEngine(1)
    pool = open_pool(engine, sum)
    buffer = bytearray(SHARED_BYTES * 2)
    for number in range(30):
        buffer[0] = number // 10
        pool.send(Chunk(number, [number], [((buffer,), {})]))
        engine.finish_all()
        assert results(receive(pool)) == {number: number // 10}


def test_nothing_stays_in_the_cluster() -> None:
    """After `close`, there is no task, and nothing that was shared is referred to."""
    engine = ManualEngine(2)
    pool = open_pool(engine)
    fill(pool)
    pool.close(kill=True)
    assert not engine.tasks
    gc.collect()
    assert not any(reference() for reference in engine.references)


def test_a_late_call_is_ended_and_the_next_one_is_not() -> None:
    """Calls with a time-out run in a child process that is used again until one is late."""
    engine = ManualEngine(1)
    pool = open_pool(engine, _process_unless_3, call_timeout=0.5)
    send(pool, [1], [2], [3], [4])
    found = finish_all(pool, engine)
    assert isinstance(found[3], TimeoutError)
    assert str(found[3]) == "the call took longer than 0.5 s"
    assert found[1] == found[2] != os.getpid()
    assert found[4] not in (found[1], os.getpid())
    pool.close()


def _exit_at_3(number: int) -> int:
    return calls.kill_worker_at(number, 3)


def _lock_at_3(number: int) -> Any:
    return threading.Lock() if number == 3 else number


def _process_unless_3(number: int) -> int:
    if number == 3:
        time.sleep(600)
    return os.getpid()


def _length(number: int, table: list[int]) -> int:
    table.append(0)
    return number + len(table) - 1
