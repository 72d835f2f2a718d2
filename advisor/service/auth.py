"""Tokens and rate limits."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized
from werkzeug.middleware.proxy_fix import ProxyFix

from advisor.service.settings import IN_MEMORY, Settings

View = TypeVar("View", bound=Callable[..., Any])

MISSING_TOKEN = "This service requires a token: Authorization: Bearer TOKEN."
WRONG_TOKEN = "The token is not valid."

_RESET_HEADER = "X-RateLimit-Reset-After"  # Flask-Limiter sends its Retry-After with every response; only 429 keeps it


def public(view: View) -> View:
    """Exempt a view from tokens and rate limits: health checks, and the pages, which ask for the token themselves."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def is_public(app: Flask, endpoint: str | None) -> bool:
    """Return True if an endpoint needs no token and counts towards no rate limit."""
    view = app.view_functions.get(endpoint or "")
    return endpoint in ("static", "swagger_ui.static") or getattr(view, "is_public", False)


def register_auth(app: Flask, settings: Settings) -> None:
    """Require a token where the settings name any, and limit the rate where they say so."""
    if settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies)  # type: ignore[method-assign]
    if settings.rate_limit:  # before the tokens, so that attempts to guess one are limited too
        _limit_rate(app, settings.rate_limit, settings.rate_storage)
    if settings.tokens:
        _require_token(app, [_digest(token.get_secret_value()) for token in settings.tokens])


def _require_token(app: Flask, digests: list[bytes]) -> None:
    @app.before_request
    def check_token() -> None:
        if is_public(app, request.endpoint):
            return
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        digest = _digest(token.strip())
        matches = [hmac.compare_digest(digest, known) for known in digests]  # all of them, for a constant time
        if scheme.lower() != "bearer" or not any(matches):
            detail = WRONG_TOKEN if scheme.lower() == "bearer" else MISSING_TOKEN
            raise Unauthorized(detail, www_authenticate=WWWAuthenticate("bearer", {"realm": "advisor"}))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _limit_rate(app: Flask, rate: str, storage: str) -> None:
    from flask_limiter import HeaderNames, Limiter  # slow to import, and rarely needed
    from flask_limiter.util import get_remote_address

    @app.after_request  # registered before the limiter's own, therefore called after it
    def set_retry_after(response: Response) -> Response:
        seconds = response.headers.pop(_RESET_HEADER, None)
        if response.status_code == 429 and seconds is not None:
            response.headers["Retry-After"] = str(int(seconds) + 1)  # the limiter rounds down
        return response

    limiter = Limiter(
        get_remote_address,
        app=app,
        application_limits=[rate],
        request_identifier=lambda: request.endpoint or "none",  # without one, unknown addresses would not count
        storage_uri=storage,
        headers_enabled=True,
        header_name_mapping={HeaderNames.RETRY_AFTER: _RESET_HEADER},
        in_memory_fallback_enabled=storage != IN_MEMORY,  # a lost storage costs the counts, never the service
    )
    limiter.request_filter(lambda: is_public(app, request.endpoint))
