"""Advice over HTTP: each kind of question, and the machine to plan for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from advisor.host.machine import unmeasured_machine
from advisor.models import Advice, Machine, Python
from advisor.service import create_app
from advisor.service.planner import planned_machine
from advisor.service.schemas import Overrides
from tests import cluster_records
from tests.service import COMPUTING, JSON, WAITING, ask, check_problem, fields


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return create_app().test_client()


@pytest.mark.parametrize(
    ("body", "recommendation", "evidence"),
    [
        ({"description": "Downloading 100 files"}, "threading", "described"),
        ({"description": "Processing 100 images"}, "multiprocessing", "described"),
        ({"description": ""}, "undecided", "described"),
        ({"task": {"seconds_per_call": 0.2, "wait_share": 0.95}}, "threading", "described"),
        ({"task": {"seconds_per_call": 0.2, "cpu_share": 1, "gil_share": 1}}, "multiprocessing", "described"),
        ({"task": {}}, "undecided", "described"),
        ({"profile": WAITING}, "threading", "measured"),
        ({"profile": COMPUTING}, "multiprocessing", "measured"),
        ({"profile": {"calls": 9, "wall": 1e-7, "gil_held": 1e-7}}, "sequential", "measured"),
    ],
)
def test_each_kind_of_question_gets_advice(
    client: FlaskClient, body: dict[str, Any], recommendation: str, evidence: str
) -> None:
    """A description, a task and a profile each get a complete Advice document."""
    response = ask(client, {**body, "machine": {"cores": 4, "memory": 8 * 2**30}})
    assert response.status_code == 200, response.get_data(as_text=True)
    assert response.content_type == JSON
    advice = Advice.model_validate_json(response.data)
    assert (advice.recommendation, advice.evidence) == (recommendation, evidence)
    assert advice.summary


def test_calls_and_machine_are_planned_for(client: FlaskClient) -> None:
    """The advice is for the requested calls and host, not for the answering host."""
    machine = {"cores": 32, "memory": 64 * 2**30, "python": "3.13.1", "free_threaded": True}
    advice = Advice.model_validate_json(ask(client, {"profile": COMPUTING, "calls": 4321, "machine": machine}).data)
    assert advice.job.calls == 4321
    assert (advice.machine.cores, advice.machine.memory) == (32, 64 * 2**30)
    assert (advice.machine.python.version, advice.machine.python.free_threaded) == ("3.13.1", True)
    assert advice.machine.source == "assumed"
    assert advice.recommendation == "threading"  # without a GIL, threads compute in parallel too
    assert advice.workers > 16


def test_a_cluster_is_considered_but_never_connected_to(client: FlaskClient) -> None:
    """Its figures make it one of the alternatives; its address is dropped, and left to fill in in the code."""
    body = {"profile": json.loads(cluster_records.COMPUTING.model_dump_json()), "calls": 10_000}
    machine = {"cores": 2, "cluster": json.loads(cluster_records.CLUSTER.model_dump_json())}
    response = ask(client, {**body, "machine": machine})
    advice = Advice.model_validate_json(response.data)
    assert advice.recommendation == "cluster"
    assert advice.machine.cluster == cluster_records.CLUSTER.model_copy(update={"address": ""})
    assert "10.0.0.5" not in response.get_data(as_text=True)
    assert "# FILL IN: the address of the cluster" in advice.snippet


def test_a_cluster_may_cost_nothing(client: FlaskClient) -> None:
    """Figures of 0 are within the limits, and get advice."""
    costs = dict.fromkeys(("task_seconds", "round_trip", "byte_seconds", "return_byte_seconds"), 0)
    machine = {"cores": 2, "cluster": {"engine": "dask", "workers": 7, "cores": 7, **costs}}
    assert ask(client, {"profile": COMPUTING, "machine": machine}).status_code == 200


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"engine": "spark"}, "machine.cluster.engine"),
        ({"engine": "dask", "workers": 0}, "machine.cluster.workers"),
        ({"engine": "dask", "threads_each": 10**6}, "machine.cluster.threads_each"),
        ({"engine": "dask", "speed": 0}, "machine.cluster.speed"),
        ({"engine": "ray", "task_seconds": -1}, "machine.cluster.task_seconds"),
        ({"engine": "ray", "address": "x" * 301}, "machine.cluster.address"),
        ({}, "machine.cluster.engine"),
    ],
)
def test_a_wrong_cluster_is_named(client: FlaskClient, wrong: dict[str, Any], field: str) -> None:
    """Each figure has its limits."""
    problem = check_problem(ask(client, {"profile": COMPUTING, "machine": {"cluster": wrong}}), 422)
    assert fields(problem) == [field]


def test_whole_numbers_may_be_written_as_floats(client: FlaskClient) -> None:
    """`1e3` and `4.0` are integers, as in JSON Schema."""
    response = ask(client, b'{"profile": {"calls": 20.0, "wall": 1}, "calls": 1e3, "machine": {"cores": 4.0}}')
    advice = Advice.model_validate_json(response.data)
    assert (advice.job.calls, advice.machine.cores, advice.profile and advice.profile.calls) == (1000, 4, 20)


def test_advice_survives_the_round_trip(client: FlaskClient) -> None:
    """The profile in an Advice document can be sent again, and gets the same advice."""
    first = ask(client, {"profile": {**COMPUTING, "target": "my_module:func"}, "machine": {"cores": 4}})
    again = ask(client, {"profile": json.loads(first.data)["profile"], "machine": {"cores": 4}})
    assert {**json.loads(first.data), "machine": None} == {**json.loads(again.data), "machine": None}


def test_the_matrix_comes_with_its_sources(client: FlaskClient) -> None:
    """Every row of the decision matrix has a recommendation and a source."""
    rows = json.loads(client.get("/v1/matrix").data)["matrix"]
    assert len(rows) >= 8
    assert all(row["recommendation"] in ("threading", "multiprocessing") and row["source"] for row in rows)


def test_health_is_that_it_can_answer(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """`/healthz` is 200 while the service can advise, and a problem document when it cannot."""
    assert client.get("/healthz").status_code == 200

    def broken() -> Machine:
        raise OSError("cannot read /proc/secret")

    monkeypatch.setattr("advisor.service.planner.unmeasured_machine", broken)
    assert "secret" not in json.dumps(check_problem(client.get("/healthz"), 500))


def test_no_overrides_is_this_host() -> None:
    """Without `machine` in the question, the plan is for the answering host, with assumed costs."""
    host = unmeasured_machine()
    assert planned_machine(None, host) == planned_machine(Overrides(), host) == host
    assert host.source == "assumed"


def test_a_python_version_brings_its_build_and_start_method() -> None:
    """'3.14t' is free-threaded, and uses the start method of that version."""
    machine = planned_machine(Overrides(python="3.14t"), unmeasured_machine())
    assert (machine.python.version, machine.python.free_threaded) == ("3.14", True)
    if machine.platform == "linux":
        assert machine.start_method == "forkserver"
        assert planned_machine(Overrides(python="3.12"), unmeasured_machine()).start_method == "fork"


@pytest.mark.parametrize("version", ["3.11", "3.13.1", "3.14t", "3.14b1t", "3.14.0rc2t", "3.15.0a1", "3.13.0+"])
def test_versions_are_accepted_as_interpreters_print_them(version: str) -> None:
    """Pre-releases and their free-threaded builds are accepted."""
    python = planned_machine(Overrides(python=version), unmeasured_machine()).python
    assert (python.version, python.free_threaded) == (version.removesuffix("t"), version.endswith("t"))


def test_a_wrong_version_is_explained(client: FlaskClient) -> None:
    """A wrong version gets an example, not a regular expression."""
    problem = ask(client, {"description": "x", "machine": {"python": "2.7"}}).get_json()
    assert problem["errors"] == [
        {"field": "machine.python", "message": "must be a version from 3.11 on, such as 3.13, 3.14.1 or 3.14t"}
    ]


def test_free_threaded_plans_for_a_version_with_such_a_build() -> None:
    """The answering host's version where it has one, else 3.14; the planned version can be requested explicitly."""
    old, new = (
        unmeasured_machine().model_copy(update={"python": Python(version=version)}) for version in ("3.11.7", "3.13.2")
    )
    assert planned_machine(Overrides(free_threaded=True), new).python.version == "3.13.2"
    planned = planned_machine(Overrides(free_threaded=True), old)
    assert (planned.python.version, planned.python.free_threaded) == ("3.14", True)
    again = Overrides(python=planned.python.version, free_threaded=True)
    assert planned_machine(again, old) == planned
