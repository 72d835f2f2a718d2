from __future__ import annotations

from flask import Flask

from advisor.input_limits import MAX_BODY_BYTES
from advisor.service import auth, errors, metrics, openapi, security_headers
from advisor.service.planner import check_planner
from advisor.service.response_cache import ResponseCache
from advisor.service.routes import advice, health, journal, pages, reference
from advisor.service.settings import Settings

BLUEPRINTS = (
    advice.blueprint,
    reference.blueprint,
    health.blueprint,
    metrics.blueprint,
    pages.blueprint,
    pages.swagger_ui,
    journal.blueprint,
)


def build_app(settings: Settings) -> Flask:
    """Build the Flask application from its parts."""
    app = Flask("advisor.service")
    app.config.from_mapping(MAX_CONTENT_LENGTH=MAX_BODY_BYTES, BATCH_SECONDS=settings.batch_seconds)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # fields keep the contract's order
    app.jinja_env.policies["json.dumps_kwargs"] = {}  # in templates too
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    errors.register_error_handlers(app)
    metrics.register_metrics(app)
    app.extensions["readiness_checks"] = {"advice": check_planner}
    app.extensions["journal"] = app_journal = journal.open_app_journal(settings)
    app.extensions["response_cache"] = ResponseCache(journal=app_journal)
    app.extensions["openapi"] = openapi.OpenAPI(app, settings)
    auth.register_auth(app, settings)
    security_headers.register_security_headers(app)
    return app
