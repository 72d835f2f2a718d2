"""`POST /v1/curves`."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from flask.testing import FlaskClient

from advisor.service import create_app

BOTH = {"calls": 20, "wall": 0.05, "gil_held": 0.02, "gil_free": 0.0, "wait": 0.03}


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return create_app().test_client()


def curves(client: FlaskClient, **body: Any) -> dict[str, Any]:
    response = client.post("/v1/curves", json={"machine": {"cores": 4, "memory": 8 << 30}, **body})
    assert response.status_code == 200, response.data
    return dict(json.loads(response.data))


@pytest.mark.parametrize(
    "subject", [{"profile": BOTH}, {"task": {"cpu_share": 0.9}}, {"description": "Downloading 100 files"}]
)
def test_the_advice_lies_on_its_curve(client: FlaskClient, subject: dict[str, Any]) -> None:
    """At the recommended workers, the curve has the seconds and the speed-up of the advice."""
    document = curves(client, **subject)
    advice = document["advice"]
    points = {curve["strategy"]: curve["points"] for curve in document["curves"]}[advice["recommendation"]]
    (point,) = [point for point in points if point["workers"] == advice["workers"]]
    assert point["seconds"] == pytest.approx(advice["seconds"])
    assert point["speedup"] == pytest.approx(advice["speedup"])
    assert point["feasible"]


def test_every_strategy_has_a_curve_over_its_workers(client: FlaskClient) -> None:
    """The plain loop is one point at 1×; the others have increasing numbers of workers."""
    found = {curve["strategy"]: curve["points"] for curve in curves(client, profile=BOTH, calls=500)["curves"]}
    interpreters = ["interpreters"] if sys.version_info >= (3, 14) else []
    assert list(found) == ["sequential", "threading", "multiprocessing", *interpreters]
    assert [point["speedup"]["expected"] for point in found["sequential"]] == [1.0]
    for points in found.values():
        workers = [point["workers"] for point in points]
        assert workers == sorted(set(workers))


def test_infeasible_points_are_marked(client: FlaskClient) -> None:
    """For a target that cannot be pickled, no point of the processes is feasible."""
    profile = {**BOTH, "picklable": {"function": False, "reasons": {"function": "a lambda"}}}
    found = {curve["strategy"]: curve["points"] for curve in curves(client, profile=profile)["curves"]}
    assert not any(point["feasible"] for point in found["multiprocessing"])
    assert all(point["feasible"] for point in found["threading"])


def test_an_undecided_case_has_no_curves(client: FlaskClient) -> None:
    """A description that says too little gets advice without curves."""
    document = curves(client, description="")
    assert (document["curves"], document["advice"]["recommendation"]) == ([], "undecided")


def test_an_advice_document_is_rendered(client: FlaskClient) -> None:
    """`POST /v1/view` returns an Advice document as HTML with its curves, as the page shows it."""
    advice = curves(client, profile=BOTH)["advice"]
    html = client.post("/v1/view", json=advice | {"id": "x", "summary": "<b>5 ms</b>"}).get_json()["html"]
    assert html.startswith("<article")
    assert html.count('class="line"') == 2 * len(
        {option["strategy"] for option in advice["alternatives"]} - {"sequential"}
    )
    assert "&lt;b&gt;5\N{NO-BREAK SPACE}ms&lt;/b&gt;" in html
    slow = client.post("/v1/view", json=advice | {"machine": advice["machine"] | {"core_scaling": 1e-300}})
    assert (slow.status_code, slow.get_json()["errors"][0]["field"]) == (422, "machine.core_scaling")
    refused = client.post("/v1/view", json=advice | {"workers": 0})
    assert (refused.status_code, refused.get_json()["errors"][0]["field"]) == (422, "workers")
