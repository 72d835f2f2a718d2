"""Recognise exceptions by which a service refuses a call because there are too many."""

from __future__ import annotations

import re
from typing import Any

from advisor.jobs.outcomes import str_of

_STATUSES = (429, 503)  # Too Many Requests; Service Unavailable counts only with the time to wait
_TEXT = re.compile(
    r"too ?many ?requests|rate.?limit|request limit|throttled|throttling"
    r"|\b(?:http|status|code|error|response)\W{0,3}(?:code\W{0,2})?429\b|\b429 client error",
    re.IGNORECASE,
)
_MAX_WAIT = 300.0  # seconds; a service that asks for more is not waited for


def is_throttled(error: BaseException) -> bool:
    """Return True if an exception says that a service gets too many calls."""
    status = _status(error)
    if status == 503:
        return retry_after(error) is not None
    if status is not None:
        return status == 429
    return isinstance(error, Exception) and bool(_TEXT.search(f"{type(error).__name__}: {str_of(error)}"[:500]))


def retry_after(error: BaseException) -> float | None:
    """Return the seconds that the service asks to wait, if the exception says so."""
    for holder in (error, getattr(error, "response", None)):
        headers = getattr(holder, "headers", None)
        for value in (getattr(holder, "retry_after", None), _header(headers)):
            try:
                seconds = float(value)  # type: ignore[arg-type]  # a date, or nothing
            except (TypeError, ValueError):
                continue
            if 0 <= seconds <= _MAX_WAIT:
                return seconds
    return None


def _status(error: BaseException) -> int | None:
    """Return the HTTP status, by the attributes of requests, httpx, aiohttp and urllib."""
    for holder in (error, getattr(error, "response", None)):
        for name in ("status_code", "status", "code"):
            value = getattr(holder, name, None)
            if isinstance(value, int) and value in _STATUSES:
                return value
    return None


def _header(headers: Any) -> Any:
    try:
        return headers.get("Retry-After")
    except Exception:  # noqa: BLE001  (whatever the user's exception has under that name)
        return None
