"""The advice over HTTP: a thin shell over the one path, made by `create_app()`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from advisor.errors import MissingExtraError

if TYPE_CHECKING:
    from flask import Flask

__all__ = ["create_app"]


def create_app(*, journal: str | None = None, journal_descriptions: bool | None = None) -> Flask:
    """The WSGI application; it runs nothing that a client names.

    `journal` is the address of one (`advisor.journal`), "own" for the user's own file, "off" for none; what is left out
    is as ADVISOR_JOURNAL and ADVISOR_JOURNAL_DESCRIPTIONS say, and without those, off: nothing is written unasked.
    """
    try:
        import flask  # noqa: F401  # only to say what to install, before the modules that build on it
    except ImportError as error:
        raise MissingExtraError("the HTTP service", "service") from error
    from advisor.journal import journal_of
    from advisor.service.app import build_app

    return build_app(journal_of(journal, journal_descriptions))
