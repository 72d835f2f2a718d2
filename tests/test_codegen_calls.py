"""Tests of how the ready-to-run code makes a call of an input: every script is run as it stands."""

from pathlib import Path

import pytest

from advisor.decide.codegen import snippet as codegen
from advisor.models import FailedInputs, Machine, Picklable, Profile, Reached, Strategy
from advisor.models.input_source import Form
from advisor.models.strategies import OWN_GIL
from tests.scripts import STRATEGIES, printed, write_folder, write_snippet

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_arguments_and_keywords_are_spread(folder: Path, monkeypatch: pytest.MonkeyPatch, strategy: Strategy) -> None:
    """A line {"args": …, "kwargs": …} is a call, any other its argument."""
    monkeypatch.chdir(folder)
    coroutine = strategy == "asyncio"
    target = "shapes:power_soon" if coroutine else "shapes:power"
    code = write_snippet(strategy, 2, 1, target=target, inputs="calls.jsonl", coroutine=coroutine)
    assert printed(code, folder) == ("4 results\n", [8, 90, 16, 25])


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(
    ("inputs", "forms"),
    [
        ([(2, 3), [4]], {"args"}),
        ([{"base": 2, "exponent": 3}, {"base": 4}], {"kwargs"}),
        ([{"args": [2, 3]}, {"kwargs": {"base": 4}}], {"call"}),
        ([(2, 3), {"base": 4}], {"args", "kwargs"}),
        ([{"args": (2, 3)}, 4], {"call", "value"}),
        ([{"args": (2, 3)}, 4, (5,), {"base": 6}], {"call", "args", "kwargs", "value"}),
    ],
)
def test_inputs_are_spread_as_they_were_for_measuring(
    folder: Path, strategy: Strategy, inputs: list[object], forms: set[Form]
) -> None:
    """Tuples, dictionaries, and calls from a callable; no form is tested that no input has."""
    (folder / "made.py").write_text(f"def make():\n    return {inputs!r}\n")
    coroutine = strategy == "asyncio"
    profile = Profile(
        calls=1, wall=1.0, target="shapes:power_soon" if coroutine else "shapes:power", coroutine=coroutine
    )
    request = codegen.SnippetRequest(strategy, 2, 1, profile, Machine(), inputs="made:make", forms=frozenset(forms))
    code = codegen.snippet(request)
    assert printed(code, folder) == (f"{len(inputs)} results\n", [8, 16, 25, 36][: len(inputs)])
    assert code.count("    if ") == len(forms) - 1


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("coroutine", [False, True])
@pytest.mark.parametrize("picklable", [False, True])
def test_inputs_that_failed_do_not_end_the_job(
    folder: Path, strategy: Strategy, coroutine: bool, picklable: bool
) -> None:
    """The exception is in the place of the result; as a text of its own where a pool could not send it back."""
    init = "self, *args" if picklable else "self, position, reason"
    (folder / "parsing.py").write_text(
        f"class Bad(Exception):\n    def __init__({init}):\n        super().__init__('bad')\n\n"
        "def parse(n):\n    if n == 2:\n        raise Bad(1, 2)\n    return n\n\n"
        "async def parse_soon(n):\n    return parse(n)\n\ndef numbers():\n    return range(5)\n"
    )
    if strategy == "asyncio" and not coroutine:
        return
    failed = FailedInputs(count=1, of=5, index=2, exception="Bad: bad", picklable=picklable)
    target = "parsing:parse_soon" if coroutine else "parsing:parse"
    code = write_snippet(
        strategy, 2, 1, target=target, inputs="parsing:numbers", coroutine=coroutine, failed_inputs=failed
    )
    code += "    results = [type(result).__name__ for result in results]\n"
    names = ["int"] * 5
    names[2] = "Bad" if picklable or strategy not in OWN_GIL else "RuntimeError"
    assert printed(code, folder) == ("5 results\n1 of them failed\n", names)


@pytest.mark.parametrize("strategy", [one for one in STRATEGIES if one != "asyncio"])
@pytest.mark.parametrize(("inputs", "target"), [("values.jsonl", "square_soon"), ("calls.jsonl", "power_soon")])
def test_a_coroutine_function_outside_asyncio(
    folder: Path, monkeypatch: pytest.MonkeyPatch, strategy: Strategy, inputs: str, target: str
) -> None:
    """A loop awaits one call after the other; a pool's worker opens an event loop for each."""
    monkeypatch.chdir(folder)
    code = write_snippet(strategy, 2, 1, target=f"shapes:{target}", inputs=inputs, coroutine=True)
    expected = [4, 9, 16] if target == "square_soon" else [8, 90, 16, 25]
    assert printed(code, folder) == (f"{len(expected)} results\n", expected)


GUARDED = """\
import functools
import threading

def decorate(function):
    def guarded(number):
        return function(number)
    return guarded

@decorate
def square(number):
    return number ** 2

@decorate
async def square_soon(number):
    return number ** 2

cube = lambda number: number ** 3
quick = functools.partial(lambda number, base: base ** number, base=2)

class Client:
    lock = threading.Lock()

    def __init__(self):
        self.lock = threading.Lock()

    def __call__(self, number):
        return self.weigh(number)

    def weigh(self, number):
        with self.lock:
            return 10 * number

class Shop:
    client = Client()

client = Client()
"""


@pytest.mark.parametrize("start_method", ["fork", "spawn"])
@pytest.mark.parametrize(
    ("name", "reached", "results"),
    [
        ("square", "name", [4, 9, 16]),
        ("square_soon", "name", [4, 9, 16]),
        ("cube", "name", [8, 27, 64]),
        ("quick", "name", [4, 8, 16]),
        ("client", "name", [20, 30, 40]),
        ("client.weigh", "name", [20, 30, 40]),
        ("Shop.client.weigh", "name", [20, 30, 40]),
        ("Client.weigh", "object", [20, 30, 40]),
    ],
)
def test_what_cannot_be_pickled_is_called_by_its_name(
    folder: Path, name: str, reached: Reached, results: list[int], start_method: str
) -> None:
    """A function of the script calls it, in processes only, forked or spawned; also from a file loaded by its path."""
    for module, target in (("guarded.py", "guarded"), ("my-guarded.py", "my-guarded.py")):
        (folder / module).write_text(GUARDED)
        profile = {
            "target": f"{target}:{name}",
            "reached": reached,
            "picklable": Picklable(function=False),
            "coroutine": name == "square_soon",
        }
        code = write_snippet("multiprocessing", 2, 1, inputs="shapes:make_inputs", **profile)
        marker = 'if __name__ == "__main__":\n'
        code = code.replace(
            marker, f"{marker}    import multiprocessing\n    multiprocessing.set_start_method({start_method!r})\n"
        )
        assert "def call(item):" in code
        assert printed(code, folder) == ("3 results\n", results)
        assert name == "square_soon" or "def call" not in write_snippet("threading", 2, 1, inputs="m:f", **profile)


def test_the_function_that_catches_exceptions_is_enough(folder: Path) -> None:
    """It is at the top level, too, so that what cannot be pickled needs no further one."""
    (folder / "guarded.py").write_text(GUARDED)
    failed = FailedInputs(count=1, of=5, index=2, exception="TypeError: no number")
    code = write_snippet(
        "multiprocessing",
        2,
        1,
        inputs="shapes:make_inputs",
        target="guarded:client.weigh",
        reached="name",
        picklable=Picklable(function=False),
        failed_inputs=failed,
    )
    assert code.count("def ") == 1
    assert printed(code, folder) == ("3 results\n0 of them failed\n", [20, 30, 40])


def test_the_wrapper_reads_as_the_user_would_write_it() -> None:
    """It evaluates the name in each call."""
    code = write_snippet(
        "multiprocessing",
        2,
        10,
        inputs="m:numbers",
        target="m:client.weigh",
        reached="name",
        picklable=Picklable(function=False),
    )
    assert "from m import client, numbers\n" in code
    assert (
        "def call(item):  # client.weigh cannot be pickled: workers look it up here\n    return client.weigh(item)\n"
    ) in code
    assert "pool.map(call, inputs, chunksize=10)" in code
