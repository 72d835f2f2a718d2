"""Client of an advisor server (`--server`): sends a measured profile or a description to `POST /v1/advice`.

The request describes this host, where the job will run.
"""

from __future__ import annotations

import json
import os
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from pydantic import ValidationError

from advisor import api
from advisor.clusters.with_cluster import with_cluster
from advisor.decide.codegen.snippet import SnippetRequest, snippet
from advisor.describe.text.quantities import extract_quantities
from advisor.errors import UsageError
from advisor.host import machine
from advisor.input_limits import MAX_ANSWER_BYTES
from advisor.models import Advice, Cluster, Machine, Profile
from advisor.models.input_source import InputSource
from advisor.target import piped_inputs

TIMEOUT = 30.0  # seconds


def advise_measured(
    server: str, target: str, *, verify: bool, cores: int | None, cluster: str | None, **options: Any
) -> Advice:
    """Measure a target here, and return the server's advice with code that runs here.

    Args:
        server: The server's address.
        target: The target, such as 'my_module:func'.
        verify: Refused: a server runs no targets.
        cores: The cores to plan for, or None for those of this host.
        cluster: The address of a cluster, which is measured here, or None.
        options: The other arguments of `api.measure_target`.

    Raises:
        UsageError: The options are wrong, or the server gives no advice.
        TargetError: The target failed.
    """
    if verify:
        raise UsageError("--verify and --server cannot be combined: a server runs no targets")
    _check_address(server)
    measured = with_cluster(Machine(), cluster, target).cluster
    profile, job, source = api.measure_target(target, **options)
    advice = ask(server, profile, calls=job.calls, cores=cores, cluster=measured)
    advice = advice.model_copy(update={"machine": advice.machine.model_copy(update={"cluster": measured})})
    return _with_code_here(advice, profile, source, options["calls"])


def ask(
    server: str, subject: Profile | str, *, calls: int | None, cores: int | None, cluster: Cluster | None = None
) -> Advice:
    """Return the server's advice on a profile or description, for this host or one with `cores` cores.

    The server gets the figures of the cluster, not its address.

    Raises:
        UsageError: The server cannot be reached, or gives no advice.
    """
    if isinstance(subject, str):
        question: dict[str, Any] = {"description": subject}
    else:
        question = {"profile": subject.model_dump(mode="json", exclude_none=True)}
    if calls is not None:
        question["calls"] = calls
    question["machine"] = _machine(subject, cores)
    if cluster is not None:
        question["machine"]["cluster"] = cluster.model_dump(mode="json", exclude={"address"}, exclude_none=True)
    try:
        return Advice.model_validate_json(post(server, "/v1/advice", json.dumps(question).encode()))
    except ValidationError:
        raise UsageError(f"{server} did not answer with advice: is it an advisor server?") from None


def _with_code_here(advice: Advice, profile: Profile, source: InputSource, calls: int | None) -> Advice:
    """Return the server's advice with code that runs on this host, which has the inputs."""
    if advice.recommendation == "undecided":
        return advice
    request = SnippetRequest(
        advice.recommendation,
        advice.workers,
        advice.chunk,
        profile,
        advice.machine,
        inputs=piped_inputs.for_script(source.spec),
        calls=advice.job.calls if source.spec is None else calls,
        forms=source.forms,
    )
    return advice.model_copy(update={"snippet": snippet(request)})


def _check_address(server: str) -> None:
    if not server.startswith(("http://", "https://")):
        raise UsageError(f"--server {server}: the address must start with http:// or https://")


def _machine(subject: Profile | str, cores: int | None) -> dict[str, Any]:
    """Return the facts about this host that a server cannot know.

    The server reads the number of cores from a text that names it.
    """
    host = machine.unmeasured_machine()
    if isinstance(subject, Profile):
        host = machine.with_gil_of(host, subject)
    if cores is None and not (isinstance(subject, str) and extract_quantities(subject).cores is not None):
        cores = host.cores
    fields = {
        "cores": cores,
        "memory": host.memory or None,
        "python": host.python.version,
        "free_threaded": host.python.free_threaded,
    }
    return {name: value for name, value in fields.items() if value is not None}


class _NoRedirect(HTTPRedirectHandler):
    """Refuse redirects: the token is for the named server only."""

    def redirect_request(self, *_: Any) -> None:
        return None


def post(server: str, path: str, body: bytes) -> bytes:
    """Return the answer of a server to a JSON document.

    Raises:
        UsageError: The server cannot be reached, or refuses.
    """
    _check_address(server)
    headers = {"Content-Type": "application/json"}
    if token := os.environ.get("ADVISOR_TOKEN"):
        headers["Authorization"] = f"Bearer {_checked(token)}"
    try:
        request = Request(f"{server.rstrip('/')}{path}", body, headers)
        with build_opener(_NoRedirect).open(request, timeout=TIMEOUT) as response:
            return bytes(response.read(MAX_ANSWER_BYTES))
    except HTTPError as error:
        with error:
            raise UsageError(_refusal(server, error.code, error.read(MAX_ANSWER_BYTES))) from None
    except (URLError, OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise UsageError(f"cannot reach {server}: {reason}") from None


def _checked(token: str) -> str:
    """Return the token if a header can hold it; http.client's own error message would show the token."""
    token = token.strip()
    if not (token.isprintable() and all(character <= "\xff" for character in token)):
        raise UsageError("ADVISOR_TOKEN is not a valid token: it must be one line of plain characters")
    return token


def _refusal(server: str, status: int, body: bytes) -> str:
    """Return the problem document as one line."""
    if status == 401:
        return f"{server} requires a token: set ADVISOR_TOKEN"
    try:
        problem = json.loads(body)
        faults = "; ".join(f"{fault['field']}: {fault['message']}" for fault in problem.get("errors", ()))
        return f"{server} refused: {problem['detail']}{f' ({faults})' if faults else ''}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"{server} answered with status {status} and no explanation: is it an advisor server?"
