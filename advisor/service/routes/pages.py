"""The pages for people: the question with its answer at `/`, the matrix, the API, and the outcomes.

The pages themselves are public. The requests that they send need the token, where there is one.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Response, current_app, make_response, render_template, request

from advisor import __version__
from advisor.decide import matrix_document
from advisor.report.formatting import WHERE_IN_WORDS
from advisor.report.html import STYLES
from advisor.report.html_templates import is_address
from advisor.service.auth import public
from advisor.service.security_headers import HEADERS

blueprint = Blueprint("pages", __name__)
swagger_ui = Blueprint("swagger_ui", "flask_swagger_ui", static_folder="dist", static_url_path="/swagger-ui")

SECTIONS = {
    "matrix": ("The decision matrix", "What to choose for a kind of task when nothing else is known."),
    "lists": ("When to choose which", "The matrix's two lists: when threads, when processes."),
    "further": ("Further kinds of task", "Tasks that people ask about and the notebook does not cover."),
    "rules": ("Rules", "The reasons for a measured profile. The first rule that applies is the main reason."),
    "pitfalls": ("Pitfalls", "The warnings that advice may carry, and when each is given."),
    "obstacles": ("Obstacles", "Symptoms that a description may report: what each shows, and what to do about it."),
    "lexicon": (
        "Lexicon",
        "What libraries, programs and services do: wait, hold the GIL or release it. Used to interpret descriptions.",
    ),
}

_OTHER_PAGES = {"api.js", "matrix.js", "outcomes.js", "outcomes_chart.js"}
_MODULES = sorted({file.name for file in Path(__file__).parent.with_name("static").glob("*.js")} - _OTHER_PAGES)


@blueprint.get("/")
@public
def page() -> str:
    return render_template("page.html", version=__version__, modules=_MODULES)


@blueprint.get("/advice.css")
@public
def advice_styles() -> Response:
    return Response(STYLES.read_text(encoding="utf-8"), mimetype="text/css")


@blueprint.get("/outcomes")
@public
def outcomes_page() -> str:
    return render_template("outcomes.html", version=__version__)


@blueprint.get("/matrix")
@public
def matrix_page() -> str:
    return _render_matrix(request.script_root)


@lru_cache(maxsize=4)
def _render_matrix(_script_root: str) -> str:
    """Render the page once for each prefix that a proxy may add: it is long, and always the same."""
    tables = matrix_document.as_json()
    sections = [(name, *SECTIONS.get(name, (name.capitalize(), "")), rows) for name, rows in tables.items()]
    return render_template("matrix.html", version=__version__, sections=sections, works=WHERE_IN_WORDS)


@blueprint.get("/api")
@public
def api_page() -> Response:
    document = current_app.extensions["openapi"].document
    response = make_response(render_template("api.html", version=__version__, document=document))
    policy = HEADERS["Content-Security-Policy"].replace("img-src 'self'", "img-src 'self' data:")  # Swagger UI's icons
    response.headers["Content-Security-Policy"] = policy
    return response


blueprint.add_app_template_test(is_address, "address")
