"""Request bodies, and their validation.

Numbers are validated as in JSON Schema: `5.0` is an integer, but `"5"` and `true` are not numbers. NaN and Infinity are
not JSON, but some writers send them: they are refused as out of range.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import pydantic_core
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from werkzeug.exceptions import HTTPException

from advisor.describe.task import Task
from advisor.input_limits import MAX_CALLS, MAX_CORES, MAX_DESCRIPTION, MAX_ECHOED_FIELD, MAX_MEMORY
from advisor.models import Cluster, Profile
from advisor.service.errors import FieldError, ProblemError

if TYPE_CHECKING:
    from flask import Request

Body = TypeVar("Body", bound=BaseModel)
SUBJECTS = ("description", "task", "profile")

FREE_THREADING_SINCE = (3, 13)
# From 3.11 on, as the package itself: neither the cost model nor the generated code was tried with an older version.
_VERSION = r"^3\.(1[1-9]|[2-9][0-9])(\.[0-9]{1,3})?((a|b|rc)[0-9]{1,2})?\+?t?$"
_MAX_EXACT_FLOAT = 2**53


def _require_one_subject(schema: dict[str, Any]) -> None:
    """Publish that exactly one subject is required; null counts as left out."""
    not_null = {"not": {"type": "null"}}
    schema["oneOf"] = [{"required": [name], "properties": {name: not_null}} for name in SUBJECTS]


class Overrides(BaseModel):
    """The host to plan for, where it differs from the answering one."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False, extra="forbid")

    cores: int | None = Field(None, ge=1, le=MAX_CORES, description="cores the job may use")
    memory: int | None = Field(None, ge=1, le=MAX_MEMORY, description="bytes available to the job")
    python: Annotated[str, Field(json_schema_extra={"pattern": _VERSION})] | None = Field(
        None,
        description="interpreter version from 3.11 on, such as '3.13' or '3.14.1'; a trailing 't' means free-threaded",
    )
    free_threaded: bool | None = Field(
        None, description="a build without the GIL (3.13 and later; 3.14 where the answering host's Python is older)"
    )
    cluster: Cluster | None = Field(
        None, description="figures of a cluster that may do the job; its address is ignored, and nothing connects to it"
    )

    @field_validator("python")
    @classmethod
    def _check_python(cls, python: str | None) -> str | None:
        if python is not None and re.fullmatch(_VERSION, python) is None:
            raise ValueError("must be a version from 3.11 on, such as 3.13, 3.14.1 or 3.14t")
        if python is not None and python.endswith("t") and version_numbers(python) < FREE_THREADING_SINCE:
            raise ValueError(f"there is no free-threaded build of Python {python[:-1]}: the first is 3.13")
        return python

    @field_validator("free_threaded")
    @classmethod
    def _check_free_threaded(cls, free_threaded: bool | None, info: ValidationInfo) -> bool | None:
        python = info.data.get("python")
        if free_threaded and python is not None and version_numbers(python) < FREE_THREADING_SINCE:
            raise ValueError(f"there is no free-threaded build of Python {python}: the first is 3.13")
        if free_threaded is False and python is not None and python.endswith("t"):
            raise ValueError(f"free_threaded is false but python is {python}, a free-threaded build")
        return free_threaded


class Question(BaseModel):
    """The body of `POST /v1/advice`: exactly one of description, task and profile, and options."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False, extra="forbid", json_schema_extra=_require_one_subject)

    description: Annotated[str, Field(max_length=MAX_DESCRIPTION)] | None = Field(
        None, description="what is to be done, in words"
    )
    task: Task | None = Field(None, description="what is known of a call, in rough figures")
    profile: Profile | None = Field(None, description="a saved profile; it may come from another host")
    calls: int | None = Field(None, ge=1, le=MAX_CALLS, description="how many calls to plan for; 1,000 if left out")
    machine: Overrides | None = Field(None, description="the host to plan for; the answering one if left out")

    @property
    def subject(self) -> str | Task | Profile:
        subject = next(value for name in SUBJECTS if (value := getattr(self, name)) is not None)
        assert isinstance(subject, str | Task | Profile)
        return subject


def version_numbers(python: str) -> tuple[int, int]:
    """Return the major and minor number of a version such as '3.14.1'."""
    major, minor = re.findall(r"\d+", python)[:2]
    return int(major), int(minor)


def read_body(request: Request) -> bytes:
    """Return the body of a request. Raises ProblemError where its content type is not JSON, or it is incomplete."""
    if not request.is_json:
        actual = f"not {request.mimetype[:100]}" if request.mimetype else "and the request names no content type"
        raise ProblemError(415, f"The body must be application/json, {actual}.")
    try:
        body = request.get_data(cache=False)
    except HTTPException:
        raise
    except Exception:  # noqa: BLE001  (each server has its own errors, whose text may quote the body)
        raise ProblemError(400, "The body could not be read: its transfer coding is wrong, or it timed out.") from None
    if len(body) < (request.content_length or 0):  # gunicorn ends the body where a client closes the connection
        raise ProblemError(400, f"The body is incomplete: {len(body)} of {request.content_length} bytes arrived.")
    return body


def parse_question(body: bytes) -> Question:
    """Parse a body as a Question. Raises ProblemError with what is wrong with it."""
    try:
        question = Question.model_validate_json(body, strict=True)  # valid for nearly every body, and fast
    except ValidationError:
        question = parse_as(Question, body, "The body is not a valid question.")
    _check_one_subject(question)
    return question


def parse_json(body: bytes) -> Any:
    """Parse JSON. Unlike `json`, pydantic's parser limits the depth and refuses lone surrogates."""
    try:
        return pydantic_core.from_json(body)
    except ValueError as error:
        raise ProblemError(400, f"The body cannot be read as JSON: {error}.") from error


def parse_as(model: type[Body], body: bytes, detail: str) -> Body:
    """Parse a body, taking whole floats as integers. Raises ProblemError with the detail and the fields at fault."""
    try:
        return model.model_validate_json(json.dumps(_whole_numbers_as_integers(parse_json(body))), strict=True)
    except ValidationError as error:
        raise ProblemError(422, detail, field_errors(error)) from error


def _whole_numbers_as_integers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _whole_numbers_as_integers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole_numbers_as_integers(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) <= _MAX_EXACT_FLOAT:
        return int(value)
    return value


def _check_one_subject(question: Question) -> None:
    subjects = [name for name in SUBJECTS if getattr(question, name) is not None]
    if len(subjects) == 1:
        return
    found = f"{' and '.join(subjects)} are given" if subjects else "none is given"
    message = f"exactly one of description, task and profile is needed, but {found}"
    errors = [FieldError(field=name, message=message) for name in subjects or SUBJECTS]
    raise ProblemError(422, f"{message[0].upper()}{message[1:]}.", errors)


def field_errors(error: ValidationError) -> list[FieldError]:
    """Return the fields at fault by their dotted path, without their values."""
    details = error.errors(include_url=False, include_context=False, include_input=False)
    return [FieldError(field=_path(item["loc"]), message=_message(item["type"], item["msg"])) for item in details]


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location))[:MAX_ECHOED_FIELD]


def _message(kind: str, text: str) -> str:
    if kind == "extra_forbidden":
        return "there is no such field"
    if kind in ("model_type", "model_attributes_type"):
        return "Input should be an object"
    return text.removeprefix("Value error, ")
