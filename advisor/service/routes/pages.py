"""The pages for people: the question with its answer at `/`, the matrix, the API, and what was predicted and reported.

None of them needs a token: what they ask the service for does.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, current_app, render_template, request

from advisor import __version__
from advisor.decide import reference
from advisor.report.formatting import WHERE_IN_WORDS
from advisor.service import api_docs
from advisor.service.auth import open_to_all
from advisor.service.openapi import Description

views = Blueprint("pages", __name__)

SECTIONS = {
    "matrix": ("The decision matrix", "What to choose for a kind of task when nothing else is known."),
    "lists": ("When to choose which", "The matrix's two lists: when threads, when processes."),
    "further": ("Further kinds of task", "What people ask about and the notebook leaves out."),
    "rules": ("Rules", "What a measured profile says. The first rule that fires is the reason that counts most."),
    "pitfalls": ("Pitfalls", "What is looked for before you are told to go ahead."),
    "lexicon": (
        "Lexicon",
        "Where the work of libraries, programs, services and words happens: it decides how a description is read.",
    ),
}

_OTHERS = ("matrix.js", "outcomes.js", "scatter.js")  # modules of the other pages
_MODULES = sorted({file.name for file in Path(__file__).parent.with_name("static").glob("*.js")}.difference(_OTHERS))


@views.get("/")
@open_to_all
def page() -> str:
    return render_template("page.html", version=__version__, modules=_MODULES)


@views.get("/outcomes")
@open_to_all
def outcomes_page() -> str:
    return render_template("outcomes.html", version=__version__)


@views.get("/matrix")
@open_to_all
def matrix_page() -> str:
    return _matrix(request.script_root)


@lru_cache(maxsize=4)
def _matrix(root: str) -> str:
    """It takes a while to write, and is the same for everyone who comes by the same root."""
    tables = reference.as_json()
    sections = [(name, *SECTIONS.get(name, (name.capitalize(), "")), rows) for name, rows in tables.items()]
    return render_template("matrix.html", version=__version__, sections=sections, works=WHERE_IN_WORDS)


@views.get("/api")
@open_to_all
def api_page() -> str:
    return _api(current_app.extensions["description"], request.url_root.rstrip("/"))


@lru_cache(maxsize=4)
def _api(description: Description, root: str) -> str:
    document = description.document
    return render_template(
        "api.html",
        version=__version__,
        protected="securitySchemes" in document["components"],
        calls=api_docs.calls(document, root),
        models=api_docs.models(document),
    )


@views.app_template_test("address")
def is_address(source: object) -> bool:
    """Whether a source can be followed, and is not only the name of something."""
    return re.match(r"https?://[^\s]+$", str(source)) is not None
