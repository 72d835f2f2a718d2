"""The extension for IPython, in a real kernel and in a terminal."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from advisor.errors import MissingExtraError, TargetError, UsageError
from advisor.notebook import _arguments, _evaluate, load_ipython_extension
from advisor.target.ipython_session import place
from tests.kernels import ROOT, execute, printed, shown, started

FUNCTIONS = """\
import asyncio, time

class Size(tuple):
    pass

def compute(n):
    print("the function talks")
    return Size((n, sum(i * i for i in range(n))))

def wait(n):
    time.sleep(0.02)
    return n

async def fetch(n):
    await asyncio.sleep(0.02)
    return n

numbers = list(range(20_000, 20_100))
cores = {"cores": 8}
"""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("f(x)", ["f(x)"]),
        ("  f(x, [1, 2]) --calls 500 ", ["f(x, [1, 2])", "--calls", "500"]),
        ("f --inputs zip(a, b) --star", ["f", "--inputs", "zip(a, b)", "--star"]),
        ("f --inputs=xs[:-1] --code", ["f", "--inputs", "xs[:-1]", "--code"]),
        ('"it\'s slow" --cores 4', ['"it\'s slow"', "--cores", "4"]),
        ("f({'a --b': 1}) --html 'my report.html'", ["f({'a --b': 1})", "--html", "my report.html"]),
        ('"as slow as --calls 5 \\" --star"', ['"as slow as --calls 5 \\" --star"']),
        ("--help", ["--help"]),
        ("", []),
    ],
)
def test_a_line_is_split_at_its_options(line: str, expected: list[str]) -> None:
    """Expressions keep their blanks and quotes."""
    assert _arguments(line) == expected


def add(left: int, right: int = 0) -> int:
    return left + right


@pytest.mark.parametrize(
    ("expression", "arguments", "source"),
    [
        ("add(three)", ((3,), {}), "[three]"),
        ("add(three, right=4)", ((3,), {"right": 4}), '[{"args": [three], "kwargs": dict(right=4)}]'),
        ("add(*pair)", ((1, 2), {}), '[{"args": [*pair], "kwargs": dict()}]'),
        ("add(**{'left': 1})", ((), {"left": 1}), """[{"args": [], "kwargs": dict(**{'left': 1})}]"""),
    ],
)
def test_a_call_is_taken_apart(expression: str, arguments: object, source: str) -> None:
    """The function of a call is advised on, with its arguments as the only input; it is not called yet."""
    names = {"add": add, "three": 3, "pair": (1, 2)}
    function, calls = _evaluate(expression, None, False, names)
    assert function is add
    assert calls is not None
    assert [(call.args, call.kwargs) for call in calls] == [arguments]
    assert calls.expression == source


@pytest.mark.parametrize(
    ("expression", "error", "message"),
    [
        ("add(", UsageError, "'add(' is not an expression"),
        ("missing(1)", TargetError, "evaluating missing raised NameError"),
        ("add(1 / 0)", TargetError, "evaluating [1 / 0] raised ZeroDivisionError"),
    ],
)
def test_expressions_that_are_wrong(expression: str, error: type[Exception], message: str) -> None:
    """The message names the expression."""
    with pytest.raises(error, match=re.escape(message)):
        _evaluate(expression, None, False, {"add": add})


@pytest.mark.slow
def test_a_function_of_a_cell_is_measured_in_the_kernel(tmp_path: Path) -> None:
    """The magic and the function show HTML and text, not what the function prints; names of inputs are in the code."""
    _, magic, last_line, code = execute(
        tmp_path,
        FUNCTIONS,
        "%advise compute --inputs numbers --calls 500 --budget 0.3",
        "advisor = __import__('advisor')\nadvisor.advise(compute, inputs=numbers, machine=cores, budget=0.3)",
        "print(_.snippet)",
    )
    for outputs in (magic, last_line):
        assert printed(outputs) == printed(outputs, "stderr") == ""
        assert "holding the GIL" in shown(outputs)
        assert "__main__:compute · " in shown(outputs, "text/plain")
    assert "inputs = numbers\n" in printed(code)
    assert "if __name__" not in printed(code)


@pytest.mark.slow
def test_a_call_stands_for_a_thousand(tmp_path: Path) -> None:
    """A call is an example of the calls of the job, unless --calls or --inputs says how many there are."""
    *_, outputs = execute(
        tmp_path,
        FUNCTIONS,
        "example = %advise wait(3) --budget 0.1\n"
        "one = %advise wait(3) --budget 0.1 --calls 1\n"
        "listed = %advise wait --budget 0.1 --inputs [3]\n"
        "print(*(advice.job.calls for advice in (example, one, listed)))",
    )
    assert printed(outputs) == "1000 1 1\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("question", "strategy", "results"),
    [
        ("compute --inputs numbers --calls 20000 --cores 8", "multiprocessing", "200 Size"),
        ("wait --inputs numbers", "threading", "100 int"),
        ("fetch --inputs numbers", "asyncio", "100 int"),
        ("fetch(3) --calls 50", "asyncio", "50 int"),
    ],
)
def test_the_offered_cell_runs(tmp_path: Path, question: str, strategy: str, results: str) -> None:
    """The code for processes, threads and asyncio runs as the next cell of the same notebook.

    The cell for processes is run with fewer calls than it is offered for.
    """
    *_, advised = execute(
        tmp_path,
        FUNCTIONS,
        f"advice = %advise {question} --budget 0.5",
        "print(advice.recommendation, advice.snippet)",
    )
    recommended, _, snippet = printed(advised).partition(" ")
    assert recommended == strategy
    *_, outputs, counted = execute(
        tmp_path,
        FUNCTIONS,
        snippet.replace("20_000", "200"),
        "print(len(results), type(results[0]).__name__)",
    )
    assert printed(counted) == f"{results}\n"
    assert re.search(r"^\d+ results$", printed(outputs), re.MULTILINE)


def test_the_place_of_a_line_of_a_cell() -> None:
    """A cell runs from a file with a generated name, which its reader does not know."""
    places = [place(file, 7) for file in ("/tmp/ipykernel_31/2718.py", "<ipython-input-3-14>", "/home/me/work.py")]
    assert places == ["line 7 of a cell", "line 7 of a cell", "work.py:7"]


def test_the_extension_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without loky, loading the extension says what to install."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'workload-advisor\[notebook\]'"):
        load_ipython_extension(None)  # type: ignore[arg-type]


@pytest.mark.slow
def test_progress_is_shown_and_removed(tmp_path: Path) -> None:
    """What takes longer than a second shows its progress below the cell, and nothing of it stays."""
    (tmp_path / "watch.py").write_text(
        "from IPython import get_ipython\n"
        "shown = []\n"
        "publish = get_ipython().display_pub.publish\n"
        "def watch(data, *args, **kwargs):\n"
        "    shown.append(data['text/plain'])\n"
        "    publish(data, *args, **kwargs)\n"
        "get_ipython().display_pub.publish = watch\n"
    )
    _, _, _, texts = execute(
        tmp_path,
        FUNCTIONS,
        "import watch",
        "advice = %advise wait --inputs numbers --budget 3",
        "print(*watch.shown, sep='\\n', end='|')",
    )
    first, *_, last = printed(texts).split("\n")
    assert re.fullmatch(r"\d+% measured: \d+ calls, [\d.]+ s each", first)
    assert last == "|"


@pytest.mark.slow
def test_errors_in_a_notebook_are_short(tmp_path: Path) -> None:
    """Wrong options and inputs are one line; what the function raises is shown with the frames of its cell."""
    usage, missing, failing = execute(
        tmp_path,
        "%advise len --nonsense",
        "def half(n):\n    return 1 / n\n%advise half",
        "%advise half --inputs [0, 0]",
        allow_errors=True,
    )
    assert re.fullmatch(r"UsageError: No such option:? '?--nonsense'?\.?\n", printed(usage, "stderr"))
    assert printed(missing, "stderr").startswith("UsageError: half(n) needs arguments: ")
    lines = printed(failing, "stderr").splitlines()
    assert "    return 1 / n" in lines
    assert lines[-1] == "UsageError: call 1 of half (input 1) raised ZeroDivisionError: division by zero"
    assert not [line for line in lines if "advisor" in line]


@pytest.mark.slow
@pytest.mark.parametrize(
    "function",
    [
        "def hang(n): open('called', 'w').close(); time.sleep(60)",
        "async def hang(n): open('called', 'w').close(); await asyncio.sleep(60)",
    ],
)
def test_interrupting_the_kernel_ends_the_measuring(tmp_path: Path, function: str) -> None:
    """An interrupt ends a call that waits, and leaves neither a process nor a thread behind."""
    with started(tmp_path) as kernel:
        kernel.run(f"{FUNCTIONS}\n{function}\nimport threading")
        kernel.run("before = threading.active_count()")
        assert kernel.interrupt("%advise hang(1)", after=tmp_path / "called") == "KeyboardInterrupt"
        kernel.run("import time; deadline = time.monotonic() + 20")
        kernel.run("while threading.active_count() > before and time.monotonic() < deadline: time.sleep(0.05)")
        kernel.run("import psutil; assert not psutil.Process().children(recursive=True)")
        kernel.run("assert threading.active_count() == before")


@pytest.mark.slow
def test_code_and_html(tmp_path: Path) -> None:
    """--code puts the code into a new cell, --html writes a file, and --help lists the options."""
    _, advised, helped = execute(
        tmp_path,
        FUNCTIONS,
        "%advise wait --inputs numbers --budget 0.2 --code --html report.html",
        "%advise --help",
    )
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "waiting" in shown(advised)
    assert "Usage: %advise EXPRESSION [OPTIONS]" in printed(helped)


@pytest.mark.slow
def test_a_terminal_shows_text(tmp_path: Path) -> None:
    """IPython in a terminal shows the text of the command line."""
    script = tmp_path / "session.ipy"
    script.write_text(f'%load_ext advisor\n{FUNCTIONS}\nadvice = %advise "downloading 100 files" --cores 4\nadvice\n')
    command = [sys.executable, "-m", "IPython", "--colors=NoColor", "--simple-prompt", "--no-banner"]
    done = subprocess.run(
        command,
        input=script.read_text(),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "IPYTHONDIR": str(tmp_path / "ipython")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Threading with " in done.stdout, done.stderr
    assert "<style>" not in done.stdout
