"""Nothing that a client sends becomes code, is imported, or stops the service."""

from __future__ import annotations

import ast
import json
import sys
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.service import create_app
from advisor.service.planner import safe_target
from tests.service import COMPUTING, ask, check_problem


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return create_app().test_client()


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


@settings(max_examples=100)
@given(
    body=JSON_VALUES | st.fixed_dictionaries({"task": JSON_VALUES}) | st.fixed_dictionaries({"profile": JSON_VALUES})
)
def test_any_json_gets_a_problem(client: FlaskClient, body: Any) -> None:
    """Any other JSON value is refused with a problem document; Schemathesis sends the likely questions."""
    response = ask(client, body)
    if response.status_code != 200:  # {"task": {}} is a question
        check_problem(response, 422)


@settings(max_examples=60)
@given(profile=PROFILES, cores=st.integers(1, 4096), calls=st.integers(1, 10**12))
def test_any_profile_gets_advice_or_a_problem(
    client: FlaskClient, profile: dict[str, Any], cores: int, calls: int
) -> None:
    """Extreme figures get advice or a problem document, on any host."""
    response = ask(client, {"profile": profile, "calls": calls, "machine": {"cores": cores}})
    assert response.status_code in (200, 422), (profile, response.data)


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
    """The target of a profile is not imported, and cannot inject code into the snippet."""
    before = set(sys.modules)
    plain = ask(client, {"profile": {**COMPUTING, "target": "my_module:func"}, "machine": {"cores": 4}})
    hostile = ask(client, {"profile": {**COMPUTING, "target": target}, "machine": {"cores": 4}})
    snippet = json.loads(hostile.data)["snippet"]
    assert not {"antigravity", "evil_module_of_the_client"} & (set(sys.modules) - before)
    assert statements(snippet) == statements(json.loads(plain.data)["snippet"]) or "os.system" not in snippet
    assert calls_in(snippet).isdisjoint({"os.system", "system", "__import__"})


def test_a_tasks_target_is_written_as_a_profiles_is(client: FlaskClient) -> None:
    """The target of a task is checked in the same way."""
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
    """A target that is not a plain `module:function` is left out of the code."""
    assert safe_target(target) == (target if kept else None)


@settings(max_examples=40)
@given(text=st.text(min_size=1, max_size=60))
def test_text_of_the_client_never_becomes_code(client: FlaskClient, text: str) -> None:
    """The other texts of a profile never change the statements of the snippet."""
    profile = {**COMPUTING, "target": f"{text} ", "python": {"version": text}, "picklable": {"reasons": {text: text}}}
    profile["side_effects"] = {"globals_written": [text], "threads_left": [text]}
    plain = ask(client, {"profile": {**COMPUTING, "side_effects": {}}, "machine": {"cores": 4}})
    hostile = ask(client, {"profile": profile, "machine": {"cores": 4}})
    assert statements(json.loads(hostile.data)["snippet"]) == statements(json.loads(plain.data)["snippet"])
