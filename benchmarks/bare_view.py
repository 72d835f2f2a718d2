"""What the service is compared with: a Flask view that only validates the same body and answers always the same."""

from __future__ import annotations

from flask import Flask, Response, request

from advisor.service.requests import Question

app = Flask(__name__)


@app.post("/v1/advice")
def validate() -> Response:
    Question.model_validate_json(request.get_data(), strict=True)
    return Response(b'{"valid":true}', content_type="application/json")
