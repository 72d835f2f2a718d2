"""The page for people."""

from __future__ import annotations

from flask import Blueprint, render_template

from advisor import __version__
from advisor.service.access import open_to_all

views = Blueprint("page", __name__)


@views.get("/")
@open_to_all
def page() -> str:
    return render_template("page.html", version=__version__)
