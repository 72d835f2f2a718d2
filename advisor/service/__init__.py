"""The advice over HTTP: a thin shell over the one path, made by `create_app()`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from advisor.errors import MissingExtraError

if TYPE_CHECKING:
    from flask import Flask

__all__ = ["create_app"]


def create_app() -> Flask:
    """The WSGI application; it keeps no state between requests and runs nothing that a client names."""
    try:
        import flask  # noqa: F401  # only to say what to install, before the modules that build on it
    except ImportError as error:
        raise MissingExtraError("the HTTP service", "service") from error
    from advisor.service.app import build_app

    return build_app()
