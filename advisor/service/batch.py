"""Many questions in one request, each answered or refused on its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pydantic_core
from pydantic import BaseModel, ConfigDict, Field, SkipValidation, ValidationError

from advisor.input_limits import MAX_BATCH_SUBJECTS, MAX_BODY_BYTES
from advisor.service.errors import Problem, ProblemError, problem_from_error, without_null
from advisor.service.response_cache import AdviceResponse
from advisor.service.schemas import Question, field_errors, parse_json


class Batch(BaseModel):
    """The body of `POST /v1/advice/batch`. The subjects are validated one by one, and refused one by one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subjects: list[SkipValidation[Question | Any]] = Field(
        max_length=MAX_BATCH_SUBJECTS, description="each as the body of POST /v1/advice"
    )


class BatchResult(BaseModel):
    """The result of one subject: exactly one of the two fields."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["advice"]}, {"required": ["problem"]}]})

    advice: AdviceResponse | None = Field(None, json_schema_extra=without_null)
    problem: Problem | None = Field(None, json_schema_extra=without_null)


class BatchResults(BaseModel):
    """The results in the order of the subjects."""

    results: list[BatchResult]


def parse_batch(body: bytes) -> Batch:
    try:
        return Batch.model_validate(parse_json(body), strict=True)
    except ValidationError as error:
        raise ProblemError(422, "The body is not a batch of questions.", field_errors(error)) from error


def answer_batch(
    batch: Batch, answer: Callable[[bytes], bytes], *, seconds: float, clock: Callable[[], float] = time.monotonic
) -> bytes:
    """Return the BatchResults document. Questions left after the time limit get a 503 problem.

    Args:
        batch: The questions.
        answer: Returns the Advice document for the body of one question.
        seconds: Time limit.
        clock: Returns the time in seconds.
    """
    deadline = clock() + seconds
    results = _results(batch.subjects, answer, lambda: clock() > deadline, seconds)
    return b'{"results":[' + b",".join(results) + b"]}"


def _results(
    subjects: list[Any], answer: Callable[[bytes], bytes], is_late: Callable[[], bool], seconds: float
) -> Iterator[bytes]:
    late = f"The time limit of the batch, {seconds:g} s, was reached. Send this subject again."
    for index, subject in enumerate(subjects):
        try:
            if is_late():
                raise ProblemError(503, late)
            yield b'{"advice":' + answer(_body(subject)) + b"}"
        except Exception as error:  # noqa: BLE001  (an unexpected error must not cost the other subjects their advice)
            problem = problem_from_error(error, f"#/subjects/{index}")
            yield b'{"problem":' + problem.model_dump_json().encode() + b"}"


def _body(subject: Any) -> bytes:
    body = pydantic_core.to_json(subject, inf_nan_mode="constants")
    if len(body) > MAX_BODY_BYTES:
        raise ProblemError(413, f"The subject is larger than {MAX_BODY_BYTES >> 20} MiB.")
    return body
