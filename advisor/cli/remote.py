"""A team's server asked for advice: what is sent is the question alone, as `POST /v1/advice` takes it.

The question says what to plan for: this host and its Python, since what is measured or described here runs here.
"""

from __future__ import annotations

import json
import os
from typing import Any

from pydantic import ValidationError

from advisor.errors import UsageError
from advisor.limits import MAX_ANSWER_BYTES
from advisor.models import Advice, Profile

TIMEOUT = 30.0  # seconds


def ask(server: str, subject: Profile | str, *, calls: int | None, cores: int | None) -> Advice:
    """The server's advice for this host, or one of so many cores; ADVISOR_TOKEN is its token.

    Raises UsageError for all that goes wrong.
    """
    question: dict[str, Any] = {"description": subject} if isinstance(subject, str) else {"profile": _plain(subject)}
    if calls is not None:
        question["calls"] = calls
    question["machine"] = _planned(subject, cores)
    try:
        return Advice.model_validate_json(_answer(server, json.dumps(question).encode()))
    except ValidationError:
        raise UsageError(f"{server} answered, but not with an advice: is it an advisor?") from None


def check_address(server: str) -> None:
    if not server.startswith(("http://", "https://")):
        raise UsageError(f"--server {server}: write http:// or https:// before the address")


def _planned(subject: Profile | str, cores: int | None) -> dict[str, Any]:
    """What a server cannot know of this host; the cores that a text tells are for the server to read."""
    from advisor.describe.text.quantities import extract_quantities
    from advisor.host.machine import as_measured, limits

    host = limits()
    if isinstance(subject, Profile):
        host = as_measured(host, subject)
    told = isinstance(subject, str) and extract_quantities(subject).cores is not None
    if cores is None and not told:
        cores = host.cores
    stated = {
        "cores": cores,
        "memory": host.memory or None,
        "python": host.python.version,
        "free_threaded": host.python.free_threaded,
    }
    return {name: value for name, value in stated.items() if value is not None}


def _plain(profile: Profile) -> dict[str, Any]:
    return profile.model_dump(mode="json", exclude_none=True)


def _answer(server: str, body: bytes) -> bytes:
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError
    from urllib.request import HTTPRedirectHandler, Request, build_opener

    class NoRedirect(HTTPRedirectHandler):
        """The token is for the server that was named, and for no other that it points to."""

        def redirect_request(self, *_: Any) -> None:
            return None

    check_address(server)
    headers = {"Content-Type": "application/json"}
    if token := os.environ.get("ADVISOR_TOKEN"):
        headers["Authorization"] = f"Bearer {_plain_token(token)}"
    try:
        request = Request(f"{server.rstrip('/')}/v1/advice", body, headers)
        with build_opener(NoRedirect).open(request, timeout=TIMEOUT) as answer:
            return bytes(answer.read(MAX_ANSWER_BYTES))
    except HTTPError as error:
        with error:
            raise UsageError(_refusal(server, error.code, error.read(MAX_ANSWER_BYTES))) from None
    except (URLError, OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise UsageError(f"cannot reach {server}: {reason}") from None


def _plain_token(token: str) -> str:
    """One that a header takes; what http.client says of another has the token in it."""
    token = token.strip()
    if not (token.isprintable() and all(character <= "\xff" for character in token)):
        raise UsageError("ADVISOR_TOKEN is no token: it is not one line of plain characters")
    return token


def _refusal(server: str, status: int, body: bytes) -> str:
    """The problem document in one line."""
    if status == 401:
        return f"{server} wants a token: set ADVISOR_TOKEN to the team's"
    try:
        problem = json.loads(body)
        faults = "; ".join(f"{fault['field']}: {fault['message']}" for fault in problem.get("errors", ()))
        return f"{server} refused: {problem['detail']}{f' ({faults})' if faults else ''}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"{server} answered {status}, but not as an advisor does"
