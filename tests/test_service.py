"""The service over its test client, and once over a real socket."""

from __future__ import annotations

import ast
import json
import logging
import socket
import sys
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from advisor.host.machine import limits
from advisor.limits import MAX_BODY_BYTES
from advisor.models import Advice, Machine, Python
from advisor.service import create_app
from advisor.service.planner import planned_machine, safe_target
from advisor.service.schemas import Overrides, Question

WAITING = {"calls": 20, "wall": 0.05, "gil_held": 0.001, "gil_free": 0.0, "child_cpu": 0.0, "wait": 0.049}
COMPUTING = {"calls": 20, "wall": 0.05, "gil_held": 0.05, "gil_free": 0.0, "child_cpu": 0.0, "wait": 0.0}
JSON = "application/json"


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return create_app().test_client()


def ask(client: FlaskClient, body: Any) -> TestResponse:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post("/v1/advice", data=data, content_type=JSON)


def problem(response: TestResponse, status: int) -> dict[str, Any]:
    """The problem document, after checking all that RFC 9457 and our own description ask of one."""
    assert response.status_code == status, response.get_data(as_text=True)
    assert response.content_type == "application/problem+json"
    document = json.loads(response.data)
    assert document["status"] == status
    assert document["type"] == "about:blank"
    assert document["title"]
    assert document["detail"]
    assert document["instance"] == response.request.path
    return dict(document)


def fields(document: dict[str, Any]) -> list[str]:
    return [error["field"] for error in document["errors"]]


# --- answers --------------------------------------------------------------------------------------------------------


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
    """A description, a task and a profile are answered with a whole Advice document."""
    response = ask(client, {**body, "machine": {"cores": 4, "memory": 8 * 2**30}})
    assert response.status_code == 200, response.get_data(as_text=True)
    assert response.content_type == JSON
    advice = Advice.model_validate_json(response.data)
    assert (advice.recommendation, advice.evidence) == (recommendation, evidence)
    assert advice.summary


def test_calls_and_machine_are_planned_for(client: FlaskClient) -> None:
    """The advice is for the stated number of calls on the stated host, not for the one that answers."""
    machine = {"cores": 32, "memory": 64 * 2**30, "python": "3.13.1", "free_threaded": True}
    advice = Advice.model_validate_json(ask(client, {"profile": COMPUTING, "calls": 4321, "machine": machine}).data)
    assert advice.job.calls == 4321
    assert (advice.machine.cores, advice.machine.memory) == (32, 64 * 2**30)
    assert (advice.machine.python.version, advice.machine.python.free_threaded) == ("3.13.1", True)
    assert advice.machine.source == "assumed"
    assert advice.recommendation == "threading"  # without a GIL, threads compute in parallel too
    assert advice.workers > 16


def test_whole_numbers_may_be_written_as_floats(client: FlaskClient) -> None:
    """`1e3` and `4.0` are integers, as in JSON Schema."""
    response = ask(client, b'{"profile": {"calls": 20.0, "wall": 1}, "calls": 1e3, "machine": {"cores": 4.0}}')
    advice = Advice.model_validate_json(response.data)
    assert (advice.job.calls, advice.machine.cores, advice.profile and advice.profile.calls) == (1000, 4, 20)


def test_advice_survives_the_round_trip(client: FlaskClient) -> None:
    """The profile that came with an advice can be sent in again, and brings the same advice."""
    first = ask(client, {"profile": {**COMPUTING, "target": "my_module:func"}, "machine": {"cores": 4}})
    again = ask(client, {"profile": json.loads(first.data)["profile"], "machine": {"cores": 4}})
    assert {**json.loads(first.data), "machine": None} == {**json.loads(again.data), "machine": None}


def test_the_matrix_comes_with_its_sources(client: FlaskClient) -> None:
    """Every row of the decision matrix says what it recommends, why, and where that comes from."""
    rows = json.loads(client.get("/v1/matrix").data)["matrix"]
    assert len(rows) >= 8
    assert all(row["recommendation"] in ("threading", "multiprocessing") and row["source"] for row in rows)


def test_health_is_that_it_can_answer(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """`/healthz` is 200 while advice can be given, and a problem when it can't."""
    assert client.get("/healthz").status_code == 200

    def broken() -> Machine:
        raise OSError("cannot read /proc/secret")

    monkeypatch.setattr("advisor.service.planner.limits", broken)
    assert "secret" not in json.dumps(problem(client.get("/healthz"), 500))


# --- errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"profile": {"calls": 1, "wall": -1}}, "profile.wall", id="negative"),
        pytest.param({"profile": {"calls": 1}}, "profile.wall", id="missing"),
        pytest.param({"profile": {"calls": 1, "wall": "0.5"}}, "profile.wall", id="a text is no number"),
        pytest.param({"profile": {"calls": True, "wall": 1}}, "profile.calls", id="true is no number"),
        pytest.param(b'{"profile": {"calls": 1, "wall": NaN}}', "profile.wall", id="NaN"),
        pytest.param(b'{"profile": {"calls": 1, "wall": Infinity}}', "profile.wall", id="Infinity"),
        pytest.param(b'{"profile": {"calls": 1, "wall": 1e999}}', "profile.wall", id="overflow"),
        pytest.param({"profile": {"calls": 1, "wall": 1, "wait": 5}}, "profile", id="parts above the whole"),
        pytest.param({"profile": []}, "profile", id="profile is a list"),
        pytest.param({"profile": {"calls": 1, "wall": 1, "picklable": 5}}, "profile.picklable", id="nested"),
        *(
            pytest.param(
                {"profile": {"calls": 1, "wall": 1, "side_effects": {name: 10**309}}},
                f"profile.side_effects.{name}",
                id=f"{name} beyond any float",
            )
            for name in ("output_bytes", "children_left")
        ),
        pytest.param({"description": 5}, "description", id="description is a number"),
        pytest.param({"description": "x" * 20_001}, "description", id="description too long"),
        pytest.param({"description": "x", "calls": 0}, "calls", id="no calls"),
        pytest.param({"description": "x", "calls": 1.5}, "calls", id="half a call"),
        pytest.param({"description": "x", "calls": 10**30}, "calls", id="too many calls"),
        pytest.param({"description": "x", "machine": {"cores": 0}}, "machine.cores", id="no cores"),
        pytest.param({"description": "x", "machine": {"cores": 10**9}}, "machine.cores", id="too many cores"),
        pytest.param({"description": "x", "machine": {"memory": "8G"}}, "machine.memory", id="memory as text"),
        pytest.param({"description": "x", "machine": {"python": "2.7"}}, "machine.python", id="Python 2"),
        pytest.param({"description": "x", "machine": {"python": "3.12t"}}, "machine.python", id="3.12t never was"),
        pytest.param(
            {"description": "x", "machine": {"python": "3.10"}}, "machine.python", id="older than the package"
        ),
        pytest.param(
            {"description": "x", "machine": {"python": "3.\u0661\u0663"}}, "machine.python", id="other digits"
        ),
        pytest.param(
            {"description": "x", "machine": {"python": "3.12", "free_threaded": True}},
            "machine.free_threaded",
            id="3.12",
        ),
        pytest.param({"description": "x", "machine": {"gpus": 1}}, "machine.gpus", id="unknown in machine"),
        pytest.param({"description": "x", "target": "os:remove"}, "target", id="unknown"),
        pytest.param({"task": {"cpu_share": 0.8, "wait_share": 0.8}}, "task.wait_share", id="contradiction"),
        pytest.param({"task": {"speed": 1}}, "task.speed", id="unknown in task"),
    ],
)
def test_a_wrong_body_is_422_and_names_the_field(client: FlaskClient, body: Any, field: str) -> None:
    """Whatever is wrong, the problem document says where."""
    assert fields(problem(ask(client, body), 422)) == [field]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, ["description", "task", "profile"]),
        ({"calls": 5}, ["description", "task", "profile"]),
        ({"description": None}, ["description", "task", "profile"]),
        ({"description": "x", "task": {}}, ["description", "task"]),
        ({"description": "x", "task": {}, "profile": WAITING}, ["description", "task", "profile"]),
    ],
)
def test_exactly_one_subject_is_needed(client: FlaskClient, body: dict[str, Any], named: list[str]) -> None:
    """None, or more than one of description, task and profile, is 422 and names them."""
    assert fields(problem(ask(client, body), 422)) == named


@pytest.mark.parametrize("body", [[], None, 5, "text", True])
def test_json_that_is_no_object_is_422(client: FlaskClient, body: Any) -> None:
    """A body may be valid JSON and yet no question."""
    assert fields(problem(ask(client, body), 422)) == [""]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="cut"),
        pytest.param(b"description=x", id="form"),
        pytest.param(b'{"description": "\xff"}', id="not UTF-8"),
        pytest.param(b'{"description": "\\ud800"}', id="half a surrogate pair"),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, id="too deep"),
        pytest.param(b'{"calls": ' + b"9" * 10_000 + b"}", id="a number of 10,000 digits"),
    ],
)
def test_what_is_no_json_is_400(client: FlaskClient, body: bytes) -> None:
    """What does not parse, or is nested beyond reason, is 400."""
    problem(ask(client, body), 400)


def unlimited(schema: Any) -> list[Any]:
    if isinstance(schema, list):
        return [found for each in schema for found in unlimited(each)]
    if not isinstance(schema, dict):
        return []
    here = schema.get("type") in ("integer", "number") and "maximum" not in schema
    return [schema] * here + [found for each in schema.values() for found in unlimited(each)]


def test_every_number_has_a_limit() -> None:
    """An integer may be as long as a body, which no float is."""
    assert unlimited(Question.model_json_schema()) == []


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_only_json_is_taken(client: FlaskClient, content_type: str | None) -> None:
    """A body of another content type is 415, even if it would parse."""
    problem(client.post("/v1/advice", data=b'{"description": "x"}', content_type=content_type), 415)


def test_a_large_body_is_413(client: FlaskClient) -> None:
    """One MiB is the limit, to the byte."""
    padding = MAX_BODY_BYTES - len(b'{"description": "x"}')
    assert ask(client, b'{"description": "x"' + b" " * padding + b"}").status_code == 200
    problem(ask(client, b'{"description": "x"' + b" " * (padding + 1) + b"}"), 413)


@pytest.mark.parametrize("path", ["/nowhere", "/v1/advice/", "/static/../app.py", "/static/none.css", "/%00", "/ä"])
def test_an_unknown_address_is_404(client: FlaskClient, path: str) -> None:
    """There is a problem document at every address where there is nothing."""
    assert client.get(path).content_type == "application/problem+json"
    assert client.get(path).status_code == 404


def test_a_wrong_method_is_405_and_says_which_are_right(client: FlaskClient) -> None:
    """A 405 lists the methods that the address takes."""
    response = client.get("/v1/advice")
    problem(response, 405)
    assert "POST" in response.headers["Allow"]


def test_a_failure_inside_stays_inside(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A 500 tells the client nothing of the inside, and the log everything."""

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr("advisor.service.response_cache.answer", broken)
    with caplog.at_level(logging.ERROR):
        document = problem(ask(client, {"description": "x"}), 500)
    assert "hunter2" not in json.dumps(document)
    assert "hunter2" in caplog.text


def test_many_faults_do_not_make_a_large_answer(client: FlaskClient) -> None:
    """Neither many wrong fields nor long names of them come back at full length."""
    response = ask(client, {f"{'x' * 5000}{number}": 1 for number in range(200)})
    problem(response, 422)
    assert len(response.data) < 20_000


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
NUMBERS = st.none() | st.floats(0, 1e9) | st.floats(0, 1) | st.sampled_from([5e-324, 1e-9, 1e-3, 1.0, 1e9])
PROFILES = st.fixed_dictionaries(
    {"calls": st.integers(1, 10**12), "wall": st.floats(0, 1e9, exclude_min=True) | st.floats(1e-7, 10)},
    optional={
        **dict.fromkeys(("gil_held", "gil_free", "child_cpu", "wait", "run_queue", "pickle_seconds"), NUMBERS),
        **dict.fromkeys(
            ("import_seconds", "first_call", "repeated_call", "native_threads", "spread", "switches"), NUMBERS
        ),
        **dict.fromkeys(("argument_bytes", "result_bytes"), st.none() | st.floats(0, 1e18)),
        **dict.fromkeys(("peak_memory", "idle_memory"), st.none() | st.integers(0, 10**18)),
        "coroutine": st.booleans(),
        "target": st.none() | st.text(max_size=30),
        "picklable": st.fixed_dictionaries({}, optional={"function": st.booleans(), "results": st.booleans()}),
        "standard_error": st.dictionaries(st.sampled_from(["wall", "gil_held", "wait", "x"]), st.floats(0, 1e9)),
        "python": st.fixed_dictionaries({}, optional={"version": st.text(max_size=9), "free_threaded": st.booleans()}),
    },
)
SHARES = dict.fromkeys(("cpu_share", "gil_share", "child_share", "wait_share"), st.floats(0, 1))
QUESTIONS = st.fixed_dictionaries(
    {},
    optional={
        "description": st.text(max_size=60) | JSON_VALUES,
        "task": st.fixed_dictionaries({}, optional={"seconds_per_call": NUMBERS, "memory": NUMBERS, **SHARES}),
        "profile": PROFILES | JSON_VALUES,
        "calls": st.none() | st.integers(1, 10**12) | JSON_VALUES,
        "machine": st.fixed_dictionaries(
            {}, optional={"cores": st.integers(1, 64), "memory": st.integers(1, 2**40), "free_threaded": st.booleans()}
        )
        | JSON_VALUES,
    },
)
ONE_SUBJECT = QUESTIONS.filter(
    lambda question: sum(name in question for name in ("description", "task", "profile")) == 1
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(body=JSON_VALUES | QUESTIONS | ONE_SUBJECT)
def test_any_json_gets_advice_or_a_problem(client: FlaskClient, body: Any) -> None:
    """No JSON value whatever brings the service down: it answers, or says what is wrong."""
    response = ask(client, body)
    if response.status_code == 200:
        Advice.model_validate_json(response.data)
    else:
        assert 400 <= response.status_code < 500, (body, response.data)
        problem(response, response.status_code)


@settings(max_examples=60)
@given(profile=PROFILES, cores=st.integers(1, 4096), calls=st.integers(1, 10**12))
def test_any_profile_gets_advice_or_a_problem(
    client: FlaskClient, profile: dict[str, Any], cores: int, calls: int
) -> None:
    """Figures at the edge of what a profile may hold are answered too, on any host."""
    response = ask(client, {"profile": profile, "calls": calls, "machine": {"cores": cores}})
    assert response.status_code in (200, 422), (profile, response.data)


# --- nothing of the client's is run ---------------------------------------------------------------------------------

HOSTILE = [
    "os:remove",
    "antigravity:fly",
    "evil_module_of_the_client:run",
    "x:y\nimport os; os.system('true')",
    "x:y'; import os; os.system('true') #",
    'x:y"""\nimport os\n"""',
    "x:y\\",
    "import:class",
    "x:y\u2028import os",
    "__import__('os').system('true'):x",
    "a/b'.py:f",
    "x:y # \x00",
]


@pytest.mark.parametrize("target", HOSTILE)
def test_a_named_target_is_only_text(client: FlaskClient, target: str) -> None:
    """Whatever a profile names is not imported, and cannot break out of its place in the code."""
    before = set(sys.modules)
    plain = ask(client, {"profile": {**COMPUTING, "target": "my_module:func"}, "machine": {"cores": 4}})
    hostile = ask(client, {"profile": {**COMPUTING, "target": target}, "machine": {"cores": 4}})
    snippet = json.loads(hostile.data)["snippet"]
    assert not {"antigravity", "evil_module_of_the_client"} & (set(sys.modules) - before)
    assert statements(snippet) == statements(json.loads(plain.data)["snippet"]) or "os.system" not in snippet
    assert calls_in(snippet).isdisjoint({"os.system", "system", "__import__"})


def test_a_tasks_target_is_written_as_a_profiles_is(client: FlaskClient) -> None:
    """A rough description's name gets into the code by the same check as that of a profile."""
    hostile, plain = (
        json.loads(ask(client, {"task": {"cpu_share": 0.9, "target": target}}).data)
        for target in ("a/b'.py:f", "my_module:func")
    )
    assert "b'" not in hostile["snippet"]
    assert hostile["profile"]["target"] is None
    assert "from my_module import func" in plain["snippet"]


def statements(code: str) -> list[str]:
    return [type(node).__name__ for node in ast.parse(code).body]


def calls_in(code: str) -> set[str]:
    return {ast.unparse(node.func) for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)}


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("my_module:func", True),
        ("pkg.mod:Class.method", True),
        ("path/to/file.py:func", True),
        ("../file-2.py:func", True),
        ("func", False),
        ("a:b:c", False),
        ("a b:c", False),
        ("a:b()", False),
        ("a:b\n", False),
        ("if:x", False),
        ("a'.py:b", False),
        ("", False),
    ],
)
def test_only_a_plain_name_is_written_into_code(target: str, kept: bool) -> None:
    """A target that is no plain module and function is left out of the code."""
    assert safe_target(target) == (target if kept else None)


@settings(max_examples=40)
@given(text=st.text(min_size=1, max_size=60))
def test_text_of_the_client_never_becomes_code(client: FlaskClient, text: str) -> None:
    """The code is the same for every text that a profile carries, but for a plain target."""
    profile = {**COMPUTING, "target": f"{text} ", "python": {"version": text}, "picklable": {"reasons": {text: text}}}
    profile["side_effects"] = {"globals_written": [text], "threads_left": [text]}
    plain = ask(client, {"profile": {**COMPUTING, "side_effects": {}}, "machine": {"cores": 4}})
    hostile = ask(client, {"profile": profile, "machine": {"cores": 4}})
    assert statements(json.loads(hostile.data)["snippet"]) == statements(json.loads(plain.data)["snippet"])


# --- the machine to plan for ----------------------------------------------------------------------------------------


def test_no_overrides_is_this_host() -> None:
    """Without a stated machine the answering host is planned for, with assumed costs."""
    host = limits()
    assert planned_machine(None, host) == planned_machine(Overrides(), host) == host
    assert host.source == "assumed"


def test_a_python_version_brings_its_build_and_start_method() -> None:
    """'3.14t' is free-threaded, and starts its workers the way that version does."""
    machine = planned_machine(Overrides(python="3.14t"), limits())
    assert (machine.python.version, machine.python.free_threaded) == ("3.14", True)
    if machine.platform == "linux":
        assert machine.start_method == "forkserver"
        assert planned_machine(Overrides(python="3.12"), limits()).start_method == "fork"


@pytest.mark.parametrize("version", ["3.11", "3.13.1", "3.14t", "3.14b1t", "3.14.0rc2t", "3.15.0a1", "3.13.0+"])
def test_a_version_is_taken_as_an_interpreter_tells_it(version: str) -> None:
    """Betas and free-threaded builds of them, too."""
    python = planned_machine(Overrides(python=version), limits()).python
    assert (python.version, python.free_threaded) == (version.removesuffix("t"), version.endswith("t"))


def test_what_is_wrong_with_a_version_is_said_in_words(client: FlaskClient) -> None:
    """Not by the pattern that it must match."""
    problem = ask(client, {"description": "x", "machine": {"python": "2.7"}}).get_json()
    assert problem["errors"] == [
        {"field": "machine.python", "message": "a version from 3.11 on is wanted, such as 3.13, 3.14.1 or 3.14t"}
    ]


def test_without_a_gil_a_version_is_planned_for_that_has_such_a_build() -> None:
    """That of the answering host if there is one of it; the answer can be asked for again."""
    old, new = (limits().model_copy(update={"python": Python(version=version)}) for version in ("3.11.7", "3.13.2"))
    assert planned_machine(Overrides(free_threaded=True), new).python.version == "3.13.2"
    planned = planned_machine(Overrides(free_threaded=True), old)
    assert (planned.python.version, planned.python.free_threaded) == ("3.14", True)
    again = Overrides(python=planned.python.version, free_threaded=True)
    assert planned_machine(again, old) == planned


# --- on a real socket -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    """The service on a free port of loopback, with a thread for each connection."""
    server = make_server("127.0.0.1", 0, create_app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield "127.0.0.1", server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_it_answers_over_http(address: tuple[str, int]) -> None:
    """A real client gets advice, with the headers that keep a browser from doing anything else with it."""
    connection = HTTPConnection(*address, timeout=30)
    body = json.dumps({"description": "Downloading 100 files"})
    connection.request("POST", "/v1/advice", body, {"Content-Type": JSON})
    response = connection.getresponse()
    advice = Advice.model_validate_json(response.read())
    connection.close()
    assert (response.status, advice.recommendation) == (200, "threading")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none';")
    assert response.headers["Cache-Control"] == "no-store"


def test_a_large_body_over_http_is_refused_not_read(address: tuple[str, int]) -> None:
    """A body announced as too large is refused before it is sent."""
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(
            b"POST /v1/advice HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/json\r\nContent-Length: 99999999\r\n\r\n{"
        )
        answer = connection.makefile("rb").readline()
    assert b" 413 " in answer


def test_it_answers_many_at_once(address: tuple[str, int]) -> None:
    """Questions asked at the same time get the answers they get alone."""
    bodies = [{"profile": profile, "calls": calls} for profile in (WAITING, COMPUTING) for calls in (10, 1000)]
    alone = [answer_over_http(address, body) for body in bodies]
    together: dict[int, tuple[str, int]] = {}

    def one(index: int) -> None:
        together[index] = answer_over_http(address, bodies[index % len(bodies)])

    threads = [threading.Thread(target=one, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[index] for index in range(8)] == alone * 2


def answer_over_http(address: tuple[str, int], body: dict[str, Any]) -> tuple[str, int]:
    connection = HTTPConnection(*address, timeout=30)
    connection.request("POST", "/v1/advice", json.dumps(body), {"Content-Type": JSON})
    advice = json.loads(connection.getresponse().read())
    connection.close()
    return advice["recommendation"], advice["workers"]


def test_the_package_data_is_there() -> None:
    """The page's files lie where the application looks for them."""
    folder = Path(create_app().root_path)
    assert (folder / "templates" / "page.html").is_file()
    assert (folder / "static" / "page.js").is_file()
