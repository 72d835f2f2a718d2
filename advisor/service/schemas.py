"""What a client may send, checked at the border.

Numbers are read as JSON Schema reads them: `5.0` is an integer, but `"5"` and `true` are no numbers. NaN and Infinity,
which no JSON has but some writers send, are numbers out of range.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import pydantic_core
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from werkzeug.exceptions import HTTPException

from advisor.describe.task import Task
from advisor.limits import MAX_CALLS, MAX_CORES, MAX_DESCRIPTION, MAX_ECHOED_FIELD, MAX_MEMORY
from advisor.models import Profile
from advisor.service.errors import Fault, ProblemError

if TYPE_CHECKING:
    from flask import Request

Body = TypeVar("Body", bound=BaseModel)
SUBJECTS = ("description", "task", "profile")

FREE_THREADING_SINCE = (3, 13)
# From 3.11 on, as the package itself: neither the model nor the code that is written was tried with an older one.
_VERSION = r"^3\.(1[1-9]|[2-9][0-9])(\.[0-9]{1,3})?((a|b|rc)[0-9]{1,2})?\+?t?$"
_EXACT_AS_FLOAT = 2**53


def _one_subject(schema: dict[str, Any]) -> None:
    """Null is taken for left out."""
    stated = {"not": {"type": "null"}}
    schema["oneOf"] = [{"required": [name], "properties": {name: stated}} for name in SUBJECTS]


class Overrides(BaseModel):
    """The host to plan for, as far as it differs from the one that answers."""

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

    @field_validator("python")
    @classmethod
    def _exists(cls, python: str | None) -> str | None:
        if python is not None and re.fullmatch(_VERSION, python) is None:
            raise ValueError("a version from 3.11 on is wanted, such as 3.13, 3.14.1 or 3.14t")
        if python is not None and python.endswith("t") and version_numbers(python) < FREE_THREADING_SINCE:
            raise ValueError(f"there is no free-threaded build of Python {python[:-1]}: the first is 3.13")
        return python

    @field_validator("free_threaded")
    @classmethod
    def _agrees_with_the_version(cls, free_threaded: bool | None, info: ValidationInfo) -> bool | None:
        python = info.data.get("python")
        if free_threaded and python is not None and version_numbers(python) < FREE_THREADING_SINCE:
            raise ValueError(f"there is no free-threaded build of Python {python}: the first is 3.13")
        if free_threaded is False and python is not None and python.endswith("t"):
            raise ValueError(f"python is {python}, whose 't' says that it is free-threaded")
        return free_threaded


class Question(BaseModel):
    """The body of `POST /v1/advice`: exactly one of description, task and profile; the rest is optional."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False, extra="forbid", json_schema_extra=_one_subject)

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
    """Major and minor number of a version such as '3.14.1'."""
    major, minor = re.findall(r"\d+", python)[:2]
    return int(major), int(minor)


def read_body(request: Request) -> bytes:
    """The request's body, which is to be JSON, or a ProblemError if it is not, or has not come as a whole."""
    if not request.is_json:
        sent = f"not {request.mimetype[:100]}" if request.mimetype else "and the request names no content type"
        raise ProblemError(415, f"The body must be application/json, {sent}.")
    try:
        body = request.get_data(cache=False)
    except HTTPException:
        raise
    except Exception:  # noqa: BLE001  (each server has its own, which may quote the body: it is not passed on)
        raise ProblemError(400, "The body could not be read: it is not sent in the way that HTTP asks for.") from None
    # Werkzeug takes the end of what gunicorn hands on for the end of the body.
    if len(body) < (request.content_length or 0):
        raise ProblemError(400, f"The body was cut short: {len(body)} of {request.content_length} bytes came.")
    return body


def parse_question(body: bytes) -> Question:
    """The body as a Question, or a ProblemError that says what is wrong with it."""
    question = _as_it_stands(body) or _with_whole_numbers(body)
    _check_one_subject(question)
    return question


def parse_json(body: bytes) -> Any:
    """The JSON value; pydantic's parser limits the depth and refuses lone surrogates, which `json` would let in."""
    try:
        return pydantic_core.from_json(body)
    except ValueError as error:
        raise ProblemError(400, f"The body cannot be read as JSON: {error}.") from error


def _as_it_stands(body: bytes) -> Question | None:
    """Nearly every body is read in one go; what is wrong with another is found in a second look."""
    try:
        return Question.model_validate_json(body, strict=True)
    except ValidationError:
        return None


def _with_whole_numbers(body: bytes) -> Question:
    return parse_as(Question, body, "The body is not a question that can be answered.")


def parse_as(model: type[Body], body: bytes, complaint: str) -> Body:
    """The body as that, or a ProblemError with the complaint and the fields at fault."""
    try:
        return model.model_validate_json(json.dumps(_whole_numbers_as_integers(parse_json(body))), strict=True)
    except ValidationError as error:
        raise ProblemError(422, complaint, faults_in(error)) from error


def _whole_numbers_as_integers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _whole_numbers_as_integers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole_numbers_as_integers(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT_AS_FLOAT:
        return int(value)
    return value


def _check_one_subject(question: Question) -> None:
    given = [name for name in SUBJECTS if getattr(question, name) is not None]
    if len(given) == 1:
        return
    wanted = "exactly one of description, task and profile is needed"
    message = f"{wanted}, but {' and '.join(given)} are given" if given else f"{wanted}, but none is given"
    raise ProblemError(
        422, f"{message[0].upper()}{message[1:]}.", [Fault(field=name, message=message) for name in given or SUBJECTS]
    )


def faults_in(error: ValidationError) -> list[Fault]:
    """The offending fields by their dotted path, without the values and without pydantic's own words for places."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [Fault(field=_path(item["loc"]), message=_message(item["type"], item["msg"])) for item in found]


def _path(place: tuple[int | str, ...]) -> str:
    return ".".join(map(str, place))[:MAX_ECHOED_FIELD]


def _message(kind: str, text: str) -> str:
    if kind == "extra_forbidden":
        return "there is no such field"
    if kind in ("model_type", "model_attributes_type"):
        return "Input should be an object"
    return text.removeprefix("Value error, ")
