"""Many questions in one request, each answered or refused on its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pydantic_core
from pydantic import BaseModel, ConfigDict, Field, SkipValidation, ValidationError

from advisor.limits import MAX_BATCH_SUBJECTS, MAX_BODY_BYTES
from advisor.service.errors import Problem, ProblemError, problem_of, without_null
from advisor.service.response_cache import Given
from advisor.service.schemas import Question, faults_in, parse_json


class Batch(BaseModel):
    """The body of `POST /v1/advice/batch`: whatever a subject is, what is no question is refused in its place."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subjects: list[SkipValidation[Question | Any]] = Field(
        max_length=MAX_BATCH_SUBJECTS, description="each as the body of POST /v1/advice"
    )


class Result(BaseModel):
    """What became of one subject: exactly one of the two."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["advice"]}, {"required": ["problem"]}]})

    advice: Given | None = Field(None, json_schema_extra=without_null)
    problem: Problem | None = Field(None, json_schema_extra=without_null)


class Results(BaseModel):
    """In the order of the subjects."""

    results: list[Result]


def parse_batch(body: bytes) -> Batch:
    try:
        return Batch.model_validate(parse_json(body), strict=True)
    except ValidationError as error:
        raise ProblemError(422, "The body is not a batch of questions.", faults_in(error)) from error


def answer_batch(
    batch: Batch, answer: Callable[[bytes], bytes], *, seconds: float, clock: Callable[[], float] = time.monotonic
) -> bytes:
    """The Results document; `answer` makes the Advice document of one body.

    When the `seconds` are over, what is left is refused with 503, to be sent again.
    """
    end = clock() + seconds
    return b'{"results":[' + b",".join(_results(batch.subjects, answer, lambda: clock() > end, seconds)) + b"]}"


def _results(
    subjects: list[Any], answer: Callable[[bytes], bytes], over: Callable[[], bool], seconds: float
) -> Iterator[bytes]:
    late = f"The {seconds:g} s that a batch may take were over before this subject's turn: send it again."
    for index, subject in enumerate(subjects):
        try:
            if over():
                raise ProblemError(503, late)
            yield b'{"advice":' + answer(_body(subject)) + b"}"
        except Exception as error:  # noqa: BLE001  (whatever it is, the other subjects get their answers)
            document = problem_of(error, f"#/subjects/{index}")
            yield b'{"problem":' + document.model_dump_json().encode() + b"}"


def _body(subject: Any) -> bytes:
    body = pydantic_core.to_json(subject, inf_nan_mode="constants")
    if len(body) > MAX_BODY_BYTES:
        raise ProblemError(413, f"The subject is larger than {MAX_BODY_BYTES >> 20} MiB.")
    return body
