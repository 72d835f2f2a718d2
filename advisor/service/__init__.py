"""The advice over HTTP, as a WSGI application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from advisor.errors import MissingExtraError

if TYPE_CHECKING:
    from flask import Flask

    from advisor.service.settings import Settings

__all__ = ["create_app"]


def create_app(settings: Settings | None = None) -> Flask:
    """Create the WSGI application. It imports and runs nothing that a client names.

    Args:
        settings: The operator's settings; read from the environment by default.

    Returns:
        The Flask application.

    Raises:
        MissingExtraError: The extra "service" is not installed.
        UsageError: The environment has an invalid setting.
    """
    try:
        from advisor.service import settings as settings_module
        from advisor.service.app import build_app
    except ImportError as error:
        raise MissingExtraError("the HTTP service", "service") from error
    return build_app(settings_module.settings() if settings is None else settings)
