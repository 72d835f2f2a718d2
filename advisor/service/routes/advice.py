"""Advice on one question, on many, and with the curves behind it."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, request
from pydantic import BaseModel

from advisor import display
from advisor.input_limits import MAX_BATCH_BYTES
from advisor.models import Advice
from advisor.report.html import as_fragment
from advisor.service.batch import Batch, BatchResults, answer_batch, parse_batch
from advisor.service.curves import Curves
from advisor.service.metrics import count_advice
from advisor.service.openapi import BODY_PROBLEMS, JSON, Operation, operation
from advisor.service.response_cache import AdviceResponse, CachedResponse, ResponseCache
from advisor.service.schemas import Question, parse_as, read_body

blueprint = Blueprint("advice", __name__)

_HOST = {"cores": 8, "memory": 16 << 30, "python": "3.13.1"}
_DESCRIPTION = {"description": "Downloading 100 files from a web server", "calls": 100, "machine": _HOST}
_TASK = {"task": {"seconds_per_call": 0.2, "cpu_share": 0.9}, "machine": _HOST}
_PROFILE = {
    "profile": {"calls": 20, "wall": 0.05, "gil_held": 0.01, "gil_free": 0.0, "wait": 0.04},
    "calls": 500,
    "machine": _HOST,
}
_QUESTIONS = {"description": _DESCRIPTION, "task": _TASK, "profile": _PROFILE}


class View(BaseModel):
    """An advice as HTML."""

    html: str


@blueprint.post("/v1/advice")
@operation(
    Operation(body=Question, response=AdviceResponse, problems=BODY_PROBLEMS, examples=_QUESTIONS, headers=("Link",))
)
def advice() -> Response:
    """Advise on a described task, or on a measured one.

    The service never imports, unpickles or runs anything that the request names.
    """
    return _response(_advise(read_body(request)))


@blueprint.post("/v1/advice/batch")
@operation(
    Operation(
        body=Batch,
        response=BatchResults,
        problems=BODY_PROBLEMS,
        examples={"answered and refused": {"subjects": [_DESCRIPTION, {"description": "Sorting", "calls": 0}]}},
    )
)
def batch() -> Response:
    """Advise on up to 1,000 such questions, each answered or refused on its own.

    The results come in the order of the subjects. Subjects that are not reached within the time limit of a batch are
    refused with 503 in their place.
    """
    request.max_content_length = MAX_BATCH_BYTES
    questions = parse_batch(read_body(request))
    seconds = current_app.config["BATCH_SECONDS"]
    document = answer_batch(questions, lambda body: _advise(body).document, seconds=seconds)
    return Response(document, content_type=JSON)


@blueprint.post("/v1/curves")
@operation(Operation(body=Question, response=Curves, problems=BODY_PROBLEMS, examples={"profile": _PROFILE}))
def curves() -> Response:
    """Advise, with the predicted speed-up of every strategy at every number of workers."""
    return _response(_cache().curves(read_body(request)))


@blueprint.post("/v1/view")
@operation(Operation(body=Advice, response=View, problems=BODY_PROBLEMS))
def view() -> Response:
    """Render an Advice document as HTML, with its speed-up curves.

    The HTML has classes for the styles at `/advice.css`, and needs no script.
    """
    advice = parse_as(Advice, read_body(request), "The body is not an Advice document.")
    html = as_fragment(advice, display.curves(advice))
    return Response(View(html=html).model_dump_json(), content_type=JSON)


def _advise(body: bytes) -> CachedResponse:
    response = _cache().advice(body)
    count_advice(response.recommendation, response.evidence)
    return response


def _cache() -> ResponseCache:
    cache: ResponseCache = current_app.extensions["response_cache"]
    return cache


def _response(cached: CachedResponse) -> Response:
    response = Response(cached.document, content_type=JSON)
    if cached.id is not None:
        response.headers["Link"] = f'</v1/advice/{cached.id}>; rel="bookmark"'
    return response
