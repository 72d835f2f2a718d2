"""Targets and inputs in notebook files."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from advisor.cli.main import main
from advisor.errors import TargetError, UsageError
from advisor.models import Advice
from advisor.target import notebook_file
from advisor.target.inputs import load_calls
from advisor.target.loader import load
from tests.command_line import cache, project
from tests.kernels import execute, printed

__all__ = ["cache", "project"]  # fixtures

Output = pytest.CaptureFixture[str]
FAST = ("--budget", "0.3")
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Write a notebook of these code cells into a folder below the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(notebook_file, "_loaded", {})
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)

    def write(*cells: str, **more: object) -> Path:
        markdown = {"cell_type": "markdown", "metadata": {}, "source": ["# Title\n"]}
        codes = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": cell} for cell in cells]
        path = tmp_path / "books" / "scores.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"nbformat": 4, "metadata": {}, "cells": [markdown, *codes], **more}))
        return path

    yield write
    for name in set(sys.modules) - before:
        if name.startswith("advised_"):
            del sys.modules[name]


def test_cells_run_up_to_the_definition(write: Write) -> None:
    """What follows the definition is left out, in the same cell and in later ones."""
    write("base = 10", "def score(n):\n    return base + n\n\nraise RuntimeError('the job itself')", "1 / 0")
    assert load("books/scores.ipynb:score")(1) == 11


def test_the_last_definition_counts(write: Write) -> None:
    """A function that a later cell defines again is the later one."""
    write("def score(n):\n    return 1", "def score(n):\n    return 2", "if False:\n    other = 1\nfactor = 3")
    assert load("books/scores.ipynb:score")(0) == 2


def test_inputs_continue_where_the_target_stopped(write: Write) -> None:
    """Nothing runs twice, and inputs are a list, another iterable, or a function that returns them."""
    write(
        "runs = []",
        "runs.append('a')\ndef score(n):\n    return runs",
        "xs = [1, 2]\nxs += [3]\ndef make():\n    yield from xs\n1 / 0",
    )
    score = load("books/scores.ipynb:score")
    for name in ("xs", "make"):
        calls = load_calls(f"books/scores.ipynb:{name}")
        assert calls is not None
        assert [call.args for call in calls] == [(1,), (2,), (3,)]
    assert score(0) == ["a"]


def test_helpers_may_be_defined_later(write: Write) -> None:
    """Of what follows, the functions, classes and imports run that the function uses, directly or not."""
    write(
        "def score(n):\n    return helper(n)",
        "1 / 0",
        "def unused():\n    pass\n\ndef helper(n):\n    return math.floor(half(n))",
        "import math\n2 / 0\n\ndef half(n):\n    return n / 2",
    )
    assert load("books/scores.ipynb:score")(5) == 2


def test_cells_run_in_the_folder_of_the_notebook(write: Write) -> None:
    """Files are found as in a kernel, and modules beside the notebook are imported."""
    path = write(
        "import beside_scores as b\nfrom pathlib import Path\ntext = Path('data.txt').read_text()",
        "def score(n):\n    return b.X + text",
    )
    (path.parent / "beside_scores.py").write_text("X = 'x'")
    (path.parent / "data.txt").write_text("y")
    assert load("books/scores.ipynb:score")(0) == "xy"


MAGICS = """\
%matplotlib inline
!pip install nothing
?len
len??
for n in range(2):
    %timeit pass
%time squares = [n * n for n in range(3)]
text = '''
%not a magic
'''
rest = 7 % 4"""


def test_lines_of_ipython_are_skipped(write: Write) -> None:
    """Magics, commands and questions are left out; what looks like them inside of Python is not."""
    write(MAGICS, "%%bash\nls |", "%%time\nfactor = 2", "def score(n):\n    return squares, text, rest, factor, n")
    assert load("books/scores.ipynb:score")(1) == ([0, 1, 4], "\n%not a magic\n", 3, 2, 1)


def test_top_level_await_works(write: Write) -> None:
    """A cell may await, as in a kernel."""
    write("import asyncio\nvalue = await asyncio.sleep(0, 5)\nasync def fetch(n):\n    return value + n")
    assert load("books/scores.ipynb:fetch").__name__ == "fetch"


def test_imports_from_the_future_hold_for_later_cells(write: Write) -> None:
    """Annotations that a kernel would not evaluate are not evaluated."""
    write("from __future__ import annotations", "def score(n: Later) -> Later:\n    return n")
    assert load("books/scores.ipynb:score").__annotations__ == {"n": "Later", "return": "Later"}


@pytest.mark.parametrize(
    ("cells", "name", "error", "message"),
    [
        (["def score(n): ..."], "scor", UsageError, "no cell of scores.ipynb defines 'scor'; did you mean 'score'?"),
        (
            ["x = 1", "y = (1,\n"],
            "x",
            UsageError,
            "line 1 of scores.ipynb, code cell 2 is not Python: ",
        ),
        (["x = 1", "\n1 / 0\ny = 2"], "y", TargetError, "running scores.ipynb, code cell 2 raised ZeroDivisionError"),
        (
            ["files = !ls", "first = files[0]"],
            "first",
            TargetError,
            "raised NameError: name 'files' is not defined; skipped, since only IPython runs it: "
            "`files = !ls` (line 1 of scores.ipynb, code cell 1)",
        ),
    ],
)
def test_errors_name_the_cell(write: Write, cells: list[str], name: str, error: type[Exception], message: str) -> None:
    """The message has the cell, the traceback the line, and skipped lines are named."""
    write(*cells)
    with pytest.raises(error, match=re.escape(message)) as caught:
        load(f"books/scores.ipynb:{name}")
    if "ZeroDivision" in message:
        assert isinstance(caught.value, TargetError)
        assert 'File "scores.ipynb, code cell 2", line 2, in <module>\n    1 / 0' in caught.value.traceback


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "scores.ipynb is not a notebook: "),
        ("[]", "scores.ipynb is not a notebook of format 4"),
        ('{"worksheets": []}', "scores.ipynb is not a notebook of format 4"),
        ('{"cells": [1, "x"]}', "scores.ipynb is not a notebook of format 4"),
        ('{"cells": [], "metadata": []}', "scores.ipynb is not a notebook of format 4"),
        ('{"cells": [{"cell_type": "code", "source": [1]}]}', "scores.ipynb is not a notebook of format 4"),
        ("[" * 100_000, "scores.ipynb is not a notebook: "),
        (r'{"cells": [{"cell_type": "code", "source": "\ud800"}]}', "scores.ipynb, code cell 1 is not Python: "),
        (
            '{"cells": [], "metadata": {"language_info": {"name": "R"}}}',
            "a notebook in R, not in Python",
        ),
    ],
)
def test_files_that_are_no_notebooks(write: Write, document: str, message: str) -> None:
    """The message says what is wrong with the file."""
    write().write_text(document)
    with pytest.raises(UsageError, match=re.escape(message)):
        load("books/scores.ipynb:score")


def test_a_notebook_is_no_file_of_inputs(write: Write) -> None:
    """Its lines of JSON are not taken for arguments; the message says how to name a variable."""
    write("xs = [1]")
    with pytest.raises(UsageError, match=r"write books/scores\.ipynb:name"):
        load_calls("books/scores.ipynb")


def test_a_missing_notebook(write: Write) -> None:
    """A notebook that does not exist is a usage error."""
    with pytest.raises(UsageError, match=r"cannot read none\.ipynb: No such file"):
        load("none.ipynb:score")


BOOK = ("import math\ndata = list(range(200))", "def score(n):\n    return sum(math.sin(n * k) for k in range(20_000))")


@pytest.mark.slow
def test_a_notebook_gets_advice_and_a_cell(project: Path, write: Write, capfd: Output) -> None:
    """The code is a cell of the notebook, and runs there."""
    path = write(*BOOK, "raise RuntimeError('left out')")
    question = ["books/scores.ipynb:score", "--inputs", "books/scores.ipynb:data", "--cores", "8", "--calls", "2000"]
    assert main([*question, *FAST, "--json"]) == 0
    advice = Advice.model_validate_json(capfd.readouterr().out)
    assert advice.recommendation == "multiprocessing"
    assert advice.profile is not None
    assert advice.profile.reached == "notebook"
    assert "notebook-functions" in [warning.code for warning in advice.warnings]
    assert "main-guard" not in [warning.code for warning in advice.warnings]
    *_, outputs = execute(path.parent, *BOOK, advice.snippet.replace("2_000", "20"))
    assert printed(outputs) == "20 results\n"


@pytest.mark.slow
def test_globals_that_cannot_be_sent_rule_processes_out(project: Path, write: Write, capfd: Output) -> None:
    """Workers get the function by value, which a lock among its globals prevents."""
    write("import threading\nlock = threading.Lock()", "def score(n):\n    with lock:\n        sum(range(20_000))")
    Path("numbers.txt").write_text("1\n2\n3\n")
    assert main(["books/scores.ipynb:score", "--inputs", "numbers.txt", *FAST, "--json"]) == 0
    advice = Advice.model_validate_json(capfd.readouterr().out)
    processes = next(option for option in advice.alternatives if option.strategy == "multiprocessing")
    assert not processes.feasible
    assert "pickle" in processes.why


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_trial_workers_load_the_notebook(write: Write, method: str) -> None:
    """--verify runs the notebook's function in processes, however they start."""
    write(*BOOK)
    script = (
        "import multiprocessing as m, sys\n"
        f"if __name__ == '__main__':\n    m.set_start_method({method!r})\n"
        "    from advisor.run.executors import open_executor\n    from advisor.target.loader import load\n"
        "    score = load('books/scores.ipynb:score')\n"
        f"    with open_executor('multiprocessing', 2, start_method={method!r}) as pool:\n"
        "        print(len(list(pool.map(score, range(4)))))\n"
    )
    Path("run_it.py").write_text(script)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    done = subprocess.run([sys.executable, "run_it.py"], capture_output=True, text=True, timeout=60, env=environment)
    assert done.stdout == "4\n", done.stderr
