"""The advice over HTTP: a thin shell over the one path, made by `create_app()`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from advisor.errors import MissingExtraError

if TYPE_CHECKING:
    from flask import Flask

    from advisor.service.settings import Settings

__all__ = ["create_app"]


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application, set up by the environment unless told otherwise; it runs nothing that a client names."""
    try:
        import cachetools  # noqa: F401
        import flask  # noqa: F401  # only to say what to install, before the modules that build on it
        import prometheus_client  # noqa: F401
        import spectree  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("the HTTP service", "service") from error
    from advisor.service import settings as chosen
    from advisor.service.app import build_app

    return build_app(chosen.settings() if settings is None else settings)
