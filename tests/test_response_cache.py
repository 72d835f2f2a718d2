"""The cache of responses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from advisor.host.machine import unmeasured_machine
from advisor.input_limits import MAX_CACHED_BODY_BYTES
from advisor.models import Advice, Machine
from advisor.service import response_cache
from advisor.service.errors import ProblemError
from advisor.service.response_cache import ResponseCache, current_host


def body(calls: int) -> bytes:
    profile = {"calls": 20, "wall": 0.05, "gil_held": 0.01, "wait": 0.04}
    return json.dumps({"profile": profile, "calls": calls}).encode()


@pytest.fixture(autouse=True)
def _fresh_host() -> Iterator[None]:
    current_host.cache_clear()
    yield
    current_host.cache_clear()


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The calls of the questions that were not answered from memory."""
    calls: list[int] = []
    plan = response_cache.plan

    def counting(question: Any, host: Machine) -> Advice:
        calls.append(question.calls)
        return plan(question, host)

    monkeypatch.setattr(response_cache, "plan", counting)
    return calls


def test_the_same_body_gets_the_same_bytes(planned: list[int]) -> None:
    """A body is planned once, also with other bodies in between."""
    cache = ResponseCache()
    first = cache.advice(body(1))
    cache.advice(body(2))
    assert cache.advice(body(1)) == first
    assert planned == [1, 2]
    advice = Advice.model_validate_json(first.document)
    assert (first.recommendation, first.evidence) == (advice.recommendation, advice.evidence)


def test_advice_and_curves_are_cached_apart() -> None:
    """The same body gets different documents at the two addresses."""
    cache = ResponseCache()
    for _ in range(2):
        assert json.loads(cache.curves(body(1)).document)["advice"] == json.loads(cache.advice(body(1)).document)


def test_the_least_recently_used_response_makes_room(planned: list[int]) -> None:
    """The cache is bounded in bytes."""
    size = ResponseCache().advice(body(1)).size
    cache = ResponseCache(max_bytes=int(2.5 * size))
    planned.clear()
    for calls in (1, 2, 1, 3, 1, 2):
        cache.advice(body(calls))
    assert planned == [1, 2, 3, 2]


def test_large_bodies_are_not_cached(planned: list[int]) -> None:
    """A large body would push out many others, and a response larger than the cache does not fit."""
    large = body(1) + b" " * MAX_CACHED_BODY_BYTES
    cache, tiny = ResponseCache(), ResponseCache(max_bytes=100)
    assert cache.advice(large).document == cache.advice(large).document
    assert tiny.advice(body(2)).document == tiny.advice(body(2)).document
    assert planned == [1, 1, 2, 2]


def test_a_refusal_is_not_cached() -> None:
    """A wrong body is refused each time."""
    cache = ResponseCache()
    for _ in range(2):
        with pytest.raises(ProblemError):
            cache.advice(body(0))


def test_another_host_gets_another_response(monkeypatch: pytest.MonkeyPatch, planned: list[int]) -> None:
    """A response is for the host as it is now."""
    cores = []
    cache = ResponseCache()
    for found in (2, 4, 2):
        host = unmeasured_machine().model_copy(update={"cores": found, "memory": None})
        monkeypatch.setattr(response_cache, "unmeasured_machine", lambda host=host: host)
        current_host.cache_clear()
        cores.append(Advice.model_validate_json(cache.advice(body(1)).document).machine.cores)
    assert cores == [2, 4, 2]
    assert planned == [1, 1, 1]


@pytest.mark.parametrize(
    ("available", "assumed"),
    [
        (8_400_000_000, 7.5 * 2**30),
        (8_100_000_000, 7.5 * 2**30),
        (6_000_000_000, 5.5 * 2**30),
        (None, None),
    ],
)
def test_available_memory_is_rounded_down(
    monkeypatch: pytest.MonkeyPatch, available: int | None, assumed: float | None
) -> None:
    """A small change of the available memory does not change the advice."""
    monkeypatch.setattr(
        response_cache, "unmeasured_machine", lambda: unmeasured_machine().model_copy(update={"memory": available})
    )
    assert current_host().memory == assumed


def test_threads_share_a_cache() -> None:
    """Each request gets the response to its own body."""
    cache = ResponseCache(max_bytes=20_000)
    with ThreadPoolExecutor(8) as pool:
        documents = pool.map(lambda number: cache.advice(body(1 + number % 5)).document, range(40))
    assert [json.loads(document)["job"]["calls"] for document in documents] == [1 + number % 5 for number in range(40)]
