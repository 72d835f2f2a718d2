"""Answers that are kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from advisor.host.machine import limits
from advisor.limits import MAX_CACHED_BODY_BYTES
from advisor.models import Advice, Machine
from advisor.service import response_cache
from advisor.service.errors import ProblemError
from advisor.service.response_cache import LIMITS_HOLD_SECONDS, Answers


def body(number: int, **more: Any) -> bytes:
    profile = {"calls": 20, "wall": 0.05, "gil_held": 0.01, "wait": 0.04}
    return json.dumps({"profile": profile, "calls": number, **more}).encode()


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The numbers of calls that were really advised on."""
    numbers: list[int] = []
    answer = response_cache.answer

    def counting(question: Any, host: Machine) -> Advice:
        numbers.append(question.calls)
        return answer(question, host)

    monkeypatch.setattr(response_cache, "answer", counting)
    return numbers


def test_the_same_body_gets_the_same_bytes_once_worked_out(asked: list[int]) -> None:
    """A body that was answered is not worked on again, by itself or with other bodies between."""
    answers = Answers(clock=Clock())
    first = answers.advice(body(1))
    answers.advice(body(2))
    assert answers.advice(body(1)) == first
    assert asked == [1, 2]
    advice = Advice.model_validate_json(first.document)
    assert (first.recommendation, first.evidence) == (advice.recommendation, advice.evidence)


def test_advice_and_curves_are_kept_apart() -> None:
    """The same body asks for two things at two addresses."""
    answers = Answers(clock=Clock())
    for _ in range(2):
        advice, curves = (json.loads(one(body(1)).document) for one in (answers.advice, answers.curves))
        assert curves["advice"] == advice


def test_what_was_asked_for_longest_ago_makes_room(asked: list[int]) -> None:
    """There is a limit in bytes, and what was used lately stays."""
    size = Answers(clock=Clock()).advice(body(1)).size
    answers = Answers(most_bytes=int(2.5 * size), clock=Clock())
    asked.clear()
    for number in (1, 2, 1, 3, 1, 2):
        answers.advice(body(number))
    assert asked == [1, 2, 3, 2]


def test_large_bodies_are_not_kept(asked: list[int]) -> None:
    """One of them would push out hundreds of others; neither is kept what is larger than all room."""
    large = body(1) + b" " * MAX_CACHED_BODY_BYTES
    answers, tiny = Answers(clock=Clock()), Answers(most_bytes=100, clock=Clock())
    assert answers.advice(large).document == answers.advice(large).document
    assert tiny.advice(body(2)).document == tiny.advice(body(2)).document
    assert asked == [1, 1, 2, 2]


def test_a_refusal_is_made_anew() -> None:
    """Wrong bodies take no room."""
    answers = Answers(clock=Clock())
    for _ in range(2):
        with pytest.raises(ProblemError):
            answers.advice(body(0))


def test_the_host_is_asked_again_after_a_while(monkeypatch: pytest.MonkeyPatch, asked: list[int]) -> None:
    """An answer holds for as long as the host's limits are taken to hold, and no longer."""
    hosts = iter([limits().model_copy(update={"cores": cores}) for cores in (2, 4)])
    monkeypatch.setattr(response_cache, "limits", lambda: next(hosts))
    clock = Clock()
    answers = Answers(clock=clock)
    cores = []
    for passed in (0.0, LIMITS_HOLD_SECONDS / 2, LIMITS_HOLD_SECONDS):
        clock.now = 100.0 + passed
        cores.append(Advice.model_validate_json(answers.advice(body(1)).document).machine.cores)
    assert cores == [2, 2, 4]
    assert asked == [1, 1]


def test_the_memory_that_is_left_is_taken_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """It changes all the time: with a little less of it the answer is the same, with much less it is another."""
    left = iter([8_400_000_000, 8_100_000_000, 6_000_000_000, None])
    monkeypatch.setattr(response_cache, "limits", lambda: limits().model_copy(update={"memory": next(left)}))
    clock = Clock()
    answers = Answers(clock=clock)
    told = []
    for _ in range(4):
        told.append(Advice.model_validate_json(answers.advice(body(1)).document).machine.memory)
        clock.now += LIMITS_HOLD_SECONDS
    assert told == [7.5 * 2**30, 7.5 * 2**30, 5.5 * 2**30, None]


def test_many_threads_ask_at_once() -> None:
    """Whoever asks gets the answer to their own body."""
    answers = Answers(most_bytes=20_000, clock=Clock())
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda number: answers.advice(body(1 + number % 5)).document, range(40))
    assert [json.loads(document)["job"]["calls"] for document in found] == [1 + number % 5 for number in range(40)]
