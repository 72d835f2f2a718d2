"""The views that advise: on one question, on many, and with the curves behind the advice."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, request

from advisor.limits import MAX_BATCH_BYTES
from advisor.service.batch import Batch, Results, answer_batch, parse_batch
from advisor.service.curves import Curves
from advisor.service.metrics import gave
from advisor.service.openapi import JSON, READING, Operation, described
from advisor.service.response_cache import Answered, Answers, Given
from advisor.service.schemas import Question, read_body

views = Blueprint("advising", __name__)

_HOST = {"cores": 8, "memory": 16 << 30, "python": "3.13.1"}
_DESCRIPTION = {"description": "Downloading 100 files from a web server", "calls": 100, "machine": _HOST}
_TASK = {"task": {"seconds_per_call": 0.2, "cpu_share": 0.9}, "machine": _HOST}
_PROFILE = {
    "profile": {"calls": 20, "wall": 0.05, "gil_held": 0.01, "gil_free": 0.0, "wait": 0.04},
    "calls": 500,
    "machine": _HOST,
}
_QUESTIONS = {"description": _DESCRIPTION, "task": _TASK, "profile": _PROFILE}


@views.post("/v1/advice")
@described(Operation(body=Question, answer=Given, problems=READING, examples=_QUESTIONS, headers=("Link",)))
def advice() -> Response:
    """What to do with a described task, or a measured one

    The service never imports, unpickles or runs anything that the request names.
    """
    return _sent(_answered(read_body(request)))


@views.post("/v1/advice/batch")
@described(
    Operation(
        body=Batch,
        answer=Results,
        problems=READING,
        examples={"answered and refused": {"subjects": [_DESCRIPTION, {"description": "Sorting", "calls": 0}]}},
    )
)
def batch() -> Response:
    """Up to 1,000 such questions, each answered or refused on its own

    The results come in the order of the subjects. What could not be answered in the time that a batch may take is
    refused with 503 in its place.
    """
    request.max_content_length = MAX_BATCH_BYTES
    asked = parse_batch(read_body(request))
    seconds = current_app.config["BATCH_SECONDS"]
    document = answer_batch(asked, lambda body: _answered(body).document, seconds=seconds)
    return Response(document, content_type=JSON)


@views.post("/v1/curves")
@described(Operation(body=Question, answer=Curves, problems=READING, examples={"profile": _PROFILE}))
def curves() -> Response:
    """The advice with the predicted speed-up of every strategy at every number of workers"""
    return _sent(_answers().curves(read_body(request)))


def _answered(body: bytes) -> Answered:
    answered = _answers().advice(body)
    gave(answered.recommendation, answered.evidence)
    return answered


def _answers() -> Answers:
    answers: Answers = current_app.extensions["answers"]
    return answers


def _sent(answered: Answered) -> Response:
    response = Response(answered.document, content_type=JSON)
    if answered.link is not None:
        response.headers["Link"] = answered.link
    return response
