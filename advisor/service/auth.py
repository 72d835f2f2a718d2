"""Who may ask: whoever has the token, where there is one; and how often."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from flask import Flask, Response, request
from pydantic import SecretStr
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from advisor.service.settings import IN_MEMORY, Settings

View = TypeVar("View", bound=Callable[..., Any])


def open_to_all(view: View) -> View:
    """Marks a view that needs no token and counts towards no limit: health, and the page that asks for the token."""
    view.open_to_all = True  # type: ignore[attr-defined]
    return view


def is_open(app: Flask, endpoint: str | None) -> bool:
    return endpoint == "static" or getattr(app.view_functions.get(endpoint or ""), "open_to_all", False)


_RESET_AFTER = "X-RateLimit-Reset-After"  # where the limiter is to put the Retry-After that it has for every answer

MISSING = "This service takes no call without its token: Authorization: Bearer TOKEN."
WRONG = "This is not a token of this service."


class Tokens:
    """Those that are good; where there is none, nobody needs one."""

    def __init__(self, tokens: Iterable[SecretStr]) -> None:
        self._known = [_digest(token.get_secret_value()) for token in tokens]

    def refusal(self, authorization: str) -> str | None:
        """Why a caller with this Authorization header is not let in, or None."""
        if not self._known:
            return None
        scheme, _, token = authorization.partition(" ")
        given = _digest(token.strip())
        matches = [hmac.compare_digest(given, one) for one in self._known]  # every one, whichever fits: no time tells
        if scheme.lower() != "bearer":
            return MISSING
        return None if any(matches) else WRONG


def guard(app: Flask, settings: Settings, tokens: Tokens) -> None:
    """Lets nobody in without a token, where there are tokens, nor more often than the limit, where there is one."""
    if settings.proxies:
        from werkzeug.middleware.proxy_fix import ProxyFix

        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies)  # type: ignore[method-assign]
    if settings.rate_limit:  # before the tokens, that nobody tries as many as they like
        _limit(app, settings.rate_limit, settings.rate_storage)
    if settings.tokens:
        _demand_token(app, tokens)


def _demand_token(app: Flask, tokens: Tokens) -> None:
    @app.before_request
    def check() -> None:
        if is_open(app, request.endpoint):
            return
        refusal = tokens.refusal(request.headers.get("Authorization", ""))
        if refusal is not None:
            raise Unauthorized(refusal, www_authenticate=WWWAuthenticate("bearer", {"realm": "advisor"}))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _limit(app: Flask, rate: str, storage: str) -> None:
    from flask_limiter import HeaderNames, Limiter
    from flask_limiter.util import get_remote_address

    @app.after_request  # before the limiter's own, and so called after it
    def tell_when_to_come_back(response: Response) -> Response:
        seconds = response.headers.pop(_RESET_AFTER, None)
        if response.status_code == 429 and seconds is not None:
            response.headers["Retry-After"] = str(int(seconds) + 1)  # they were rounded down
        return response

    limiter = Limiter(
        get_remote_address,
        app=app,
        application_limits=[rate],
        request_identifier=lambda: request.endpoint or "none",  # without one it would not be counted
        storage_uri=storage,
        headers_enabled=True,
        header_name_mapping={HeaderNames.RETRY_AFTER: _RESET_AFTER},
        in_memory_fallback_enabled=storage != IN_MEMORY,  # a lost store costs its counts, never the answers
    )
    limiter.request_filter(lambda: is_open(app, request.endpoint))
