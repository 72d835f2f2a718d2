"""The page for people."""

from __future__ import annotations

from flask import Blueprint, render_template

from advisor import __version__

views = Blueprint("page", __name__)


@views.get("/")
def page() -> str:
    return render_template("page.html", version=__version__)
