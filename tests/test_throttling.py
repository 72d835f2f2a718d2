"""Exceptions by which a service refuses a call because there are too many, and those that only look like it."""

from __future__ import annotations

import email.message
import urllib.error
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from advisor.jobs.throttling import is_throttled, retry_after


class ResponseError(Exception):
    """An exception with a `response`, as those of requests and httpx have."""

    def __init__(self, status: int, **headers: str) -> None:
        super().__init__(f"{status} for url: https://example.org/429")
        self.response = SimpleNamespace(
            status_code=status, headers={key.replace("_", "-"): value for key, value in headers.items()}
        )


class ClientResponseError(Exception):
    """An exception with a `status`, as that of aiohttp has."""

    def __init__(self, status: int, headers: Any = None) -> None:
        super().__init__(f"{status}, message='refused'")
        self.status = status
        self.headers = headers


class ThrottlingException(Exception):  # noqa: N818  (the name that boto3 uses)
    pass


class RateLimitError(Exception):
    pass


def httpx_error(status: int, **headers: str) -> httpx.HTTPStatusError:
    request = httpx.Request("GET", "https://example.org")
    response = httpx.Response(status, request=request, headers={k.replace("_", "-"): v for k, v in headers.items()})
    return httpx.HTTPStatusError("refused", request=request, response=response)


def urllib_error(status: int, **headers: str) -> urllib.error.HTTPError:
    message = email.message.Message()
    for key, value in headers.items():
        message[key.replace("_", "-")] = value
    return urllib.error.HTTPError("https://example.org", status, "refused", message, None)


def test_a_status_of_429_is_a_refusal() -> None:
    """The exceptions of requests, httpx, aiohttp and urllib tell the status each in its own attribute."""
    assert is_throttled(ResponseError(429))
    assert is_throttled(httpx_error(429))
    assert is_throttled(ClientResponseError(429))
    with urllib_error(429) as error:
        assert is_throttled(error)


def test_a_status_of_503_is_a_refusal_only_with_a_time_to_wait() -> None:
    """A service that is down is no reason to send fewer calls."""
    assert not is_throttled(httpx_error(503))
    assert not is_throttled(ClientResponseError(503))
    assert is_throttled(httpx_error(503, Retry_After="2"))
    assert is_throttled(ClientResponseError(503, {"Retry-After": "2"}))


@pytest.mark.parametrize("status", [200, 400, 401, 404, 500, 502, 504])
def test_other_statuses_are_failures(status: int) -> None:
    """An address that contains 429 does not make another status a refusal."""
    assert not is_throttled(ResponseError(status))
    assert not is_throttled(httpx_error(status))
    assert not is_throttled(ClientResponseError(status))


@pytest.mark.parametrize(
    "error",
    [
        ThrottlingException("Rate exceeded"),
        RateLimitError("slow down"),
        Exception("Too Many Requests"),
        OSError("HTTP 429"),
        RuntimeError("status code: 429"),
        RuntimeError("error code 429 from the service"),
        RuntimeError("429 Client Error: refused for url"),
        RuntimeError("you have exceeded the rate limit"),
        RuntimeError("request was throttled"),
        RuntimeError("Request limit reached"),
    ],
    ids=str,
)
def test_texts_that_name_a_refusal(error: Exception) -> None:
    """Without a status, the name of the class or the message tells."""
    assert is_throttled(error)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("429"),
        ValueError("invalid literal for int() with base 10: '429x'"),
        ValueError("row 429 has 3 columns, not 4"),
        KeyError(429),
        IndexError("429 is out of range"),
        FileNotFoundError("/data/429.csv"),
        RuntimeError("HTTP 4290"),
        RuntimeError("error 1429"),
        Exception(),
        KeyboardInterrupt("too many requests"),
    ],
    ids=repr,
)
def test_a_number_in_the_data_is_no_refusal(error: BaseException) -> None:
    """Messages that only contain the number 429 are failures like any other."""
    assert not is_throttled(error)


def test_a_message_that_cannot_be_read_is_a_failure_like_any_other() -> None:
    """An exception whose `__str__` raises is no refusal, and breaks nothing."""

    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    assert not is_throttled(MuteError())


def test_the_time_to_wait_is_read_where_it_stands() -> None:
    """It is an attribute of the exception, or a header of the exception or its response."""
    assert retry_after(httpx_error(429, Retry_After="3")) == 3
    assert retry_after(ResponseError(429, Retry_After="1.5")) == 1.5
    assert retry_after(ClientResponseError(429, {"Retry-After": "4"})) == 4
    with urllib_error(429, Retry_After="5") as error:
        assert retry_after(error) == 5
    error_with_attribute = RateLimitError("slow down")
    error_with_attribute.retry_after = 6  # type: ignore[attr-defined]
    assert retry_after(error_with_attribute) == 6


@pytest.mark.parametrize("value", ["", "Wed, 21 Oct 2026 07:28:00 GMT", "-1", "301", "nan", "inf", "soon"])
def test_a_time_to_wait_that_makes_no_sense_is_ignored(value: str) -> None:
    """A date, a negative number and more than five minutes are no times to wait."""
    assert retry_after(httpx_error(429, Retry_After=value)) is None


def test_no_time_to_wait() -> None:
    """An exception without headers asks for no time, and headers that are no mapping are ignored."""
    assert retry_after(ValueError("429")) is None
    assert retry_after(ClientResponseError(429, headers=7)) is None
