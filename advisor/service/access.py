"""Who may ask: whoever has the token, where there is one; and how often."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from advisor.service.settings import Settings

View = TypeVar("View", bound=Callable[..., Any])


def open_to_all(view: View) -> View:
    """Marks a view that needs no token and counts towards no limit: health, and the page that asks for the token."""
    view.open_to_all = True  # type: ignore[attr-defined]
    return view


def is_open(app: Flask, endpoint: str | None) -> bool:
    return endpoint == "static" or getattr(app.view_functions.get(endpoint or ""), "open_to_all", False)


def guard(app: Flask, settings: Settings) -> None:
    """Lets nobody in without a token, where there are tokens, nor more often than the limit, where there is one."""
    if settings.proxies:
        from werkzeug.middleware.proxy_fix import ProxyFix

        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies)  # type: ignore[method-assign]
    if settings.tokens:
        _demand_token(app, [_digest(token.get_secret_value()) for token in settings.tokens])
    if settings.rate_limit:
        _limit(app, settings.rate_limit, settings.rate_storage)


MISSING = "This service takes no call without its token: Authorization: Bearer TOKEN."
WRONG = "This is not a token of this service."


def _demand_token(app: Flask, known: list[bytes]) -> None:
    @app.before_request
    def check() -> None:
        if is_open(app, request.endpoint):
            return
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        given = _digest(token.strip())
        matches = [hmac.compare_digest(given, one) for one in known]  # every one, whichever fits: no time tells
        bearer = scheme.lower() == "bearer"
        if not bearer or not any(matches):
            challenge = WWWAuthenticate("bearer", {"realm": "advisor"})
            raise Unauthorized(WRONG if bearer else MISSING, www_authenticate=challenge)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _limit(app: Flask, rate: str, storage: str) -> None:
    from flask_limiter import Limiter
    from flask_limiter.util import get_remote_address

    limiter = Limiter(
        get_remote_address,
        app=app,
        default_limits=[rate],
        storage_uri=storage,
        headers_enabled=True,
        in_memory_fallback_enabled=storage != "memory://",  # a lost store costs its counts, never the answers
        in_memory_fallback=[rate] if storage != "memory://" else [],
    )
    limiter.request_filter(lambda: is_open(app, request.endpoint))
