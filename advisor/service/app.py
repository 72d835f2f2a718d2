from __future__ import annotations

from flask import Flask

from advisor.limits import MAX_BODY_BYTES
from advisor.service import auth, errors, metrics
from advisor.service.openapi import Description
from advisor.service.planner import can_answer
from advisor.service.response_cache import Answers
from advisor.service.routes import advice, health, journal, pages, reference
from advisor.service.security_headers import with_headers
from advisor.service.settings import Settings
from advisor.service.shortcut import with_shortcut

VIEWS = (
    advice.views,
    reference.views,
    health.views,
    metrics.views,
    pages.views,
    journal.views,
)


def build_app(settings: Settings) -> Flask:
    app = Flask("advisor.service")
    app.config.from_mapping(MAX_CONTENT_LENGTH=MAX_BODY_BYTES, BATCH_SECONDS=settings.batch_seconds)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the documents' fields come in the contract's order
    for views in VIEWS:
        app.register_blueprint(views)
    errors.answer_errors_of(app)
    metrics.observe(app)
    app.extensions["ready"] = {"advice": can_answer}
    app.extensions["journal"] = kept = journal.journal_of(settings)
    app.extensions["answers"] = answers = Answers(journal=kept)
    app.extensions["description"] = Description(app, protected=bool(settings.tokens), limited=bool(settings.rate_limit))
    tokens = auth.Tokens(settings.tokens)
    if not settings.rate_limit:  # which Flask counts
        app.wsgi_app = with_shortcut(app.wsgi_app, answers, tokens)  # type: ignore[method-assign, assignment]
    auth.guard(app, settings, tokens)
    app.wsgi_app = with_headers(app.wsgi_app)  # type: ignore[method-assign, assignment]
    return app
