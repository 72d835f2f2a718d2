"""Loops that are rewritten to run concurrently: the programs print the same as before."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from advisor.survey.dependence import static_dependence
from advisor.survey.extraction import Rewrite, attempt
from advisor.survey.facts import Dependence
from tests.survey_programs import HEAD, PROGRAMS
from tests.test_survey_dependence import marked_loop

ROOT = Path(__file__).parents[1]


def rewritten(
    source: str, file: str = "program.py", form: str = "map", strategy: str = "threading", chunk: int = 1
) -> Rewrite | str:
    """Return the rewrite of the marked loop for the verdict that the source alone gives, or the reason for none."""
    loop = marked_loop(source, file)
    static = static_dependence(source, file, loop)
    verdict = Dependence(static.independence, "", static.obstacles, static.variables)
    return attempt(source, file, loop, verdict, form=form, strategy=strategy, workers=2, chunk=chunk)


def output(path: Path) -> str:
    """Return what a program prints."""
    done = subprocess.run(
        [sys.executable, path.name],
        cwd=path.parent,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "PYTHONHASHSEED": "0", "PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


CHOICES = [
    *((name, form, strategy) for name in PROGRAMS for form, strategy in (("executor", "threading"), ("map", ""))),
    *((name, "executor", "multiprocessing") for name in ("several folds", "errors are caught", "list comprehension")),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "form", "strategy"), CHOICES)
def test_same_output(name, form, strategy, tmp_path):
    """The patched program prints exactly what the program does."""
    path = tmp_path / "program.py"
    path.write_text(HEAD + PROGRAMS[name])
    before = output(path)
    rewrite = rewritten(HEAD + PROGRAMS[name], form=form, strategy=strategy or "multiprocessing")
    assert isinstance(rewrite, Rewrite), rewrite
    if shutil.which("patch"):
        subprocess.run(["patch", "-p0", "-s"], input=rewrite.patch, cwd=tmp_path, text=True, check=True)
        assert path.read_text() == rewrite.new_source
    path.write_text(rewrite.new_source)
    assert output(path) == before
    assert ("advisor.map" if form == "map" else "pool.map") in rewrite.snippet


NOT_REWRITTEN = {
    "carried": "out = []\nx = 1\nfor n in range(9):  # here\n    x = x * 3 % 7\n    out.append(work(x))\n",
    "nothing but folds": "total = 0\nfor x in range(9):  # here\n    total += x\n",
    "endless": """
import itertools
rows = []
for n in itertools.count():  # here
    y = work(n)
    if y > 3:
        break
    rows.append(y)
""",
    "name that may not be assigned": """
def main(xs):
    for x in xs:  # here
        try:
            y = work(x)
        except ValueError as error:
            print(error, error.args)
            continue
        print(y)
""",
    "file that is open in the iteration": """
def main(paths, out):
    for path in paths:  # here
        with open(path) as lines:
            work(1)
            out.writelines(lines)
""",
    "coroutine": "async def main(xs):\n    return [work(x) for x in xs]  # here\n",
    "private attribute": """
class A:
    def run(self, xs):
        return [work(x) + self.__a for x in xs]  # here
""",
    "header that prints": """
def items():
    for n in range(4):
        print("next", n)
        yield n
rows = []
for x in items():  # here
    rows.append(work(x))
""",
    "comprehension that only hands on": """
def main(pairs):
    return sum(x for x, _ in pairs)  # here
""",
    "number that is used after jumps": """
def main(xs):
    i, rows = 0, []
    while i < len(xs):  # here
        x = xs[i]
        i += 1
        if x % 2:
            print(x)
            continue
        rows.append(work(x))
    print(rows, i)
""",
    "files that a loop left early would not have written": """
def main(paths):
    for path in paths:  # here
        text = path.read_text()
        if work(len(text)) > 3:
            break
        path.with_suffix(".out").write_text(text)
""",
    "within a try": """
def main(xs):
    rows = []
    try:
        for x in xs:  # here
            rows.append(work(x))
    except ValueError:
        print("bad")
""",
}


@pytest.mark.parametrize("form", ["map", "executor"])
@pytest.mark.parametrize("name", NOT_REWRITTEN)
def test_not_rewritten(name, form):
    """Where the rewritten loop might do something else, there is none, and a reason."""
    reason = rewritten(HEAD + NOT_REWRITTEN[name], form=form)
    assert isinstance(reason, str)
    assert reason


def test_processes_need_functions_of_modules():
    """A pool of processes is not used for a function that is defined in another one, nor without a guard."""
    nested = "def main(xs):\n    def f(x):\n        return work(x)\n    return [f(x) * 2 for x in xs]  # here\n"
    assert "cannot be sent to a process" in rewritten(HEAD + nested, form="executor", strategy="multiprocessing")
    unguarded = "rows = []\nfor x in range(9):  # here\n    rows.append(work(x))\n"
    assert "when it is imported" in rewritten(HEAD + unguarded, form="executor", strategy="multiprocessing")


def test_patch_of_a_file_with_windows_lines():
    """The ends of lines stay as they are."""
    source = (HEAD + PROGRAMS["sum"]).replace("\n", "\r\n")
    rewrite = rewritten(source)
    assert isinstance(rewrite, Rewrite)
    assert rewrite.new_source.count("\n") == rewrite.new_source.count("\r\n")


def test_imports_after_the_docstring():
    """A module without imports gets them after its docstring, or before its first statement."""
    body = "\n\ndef work(x):\n    return x\n\n\nrows = []\nfor x in range(9):  # here\n    rows.append(work(x))\n"
    with_text = rewritten('"""A module."""' + body)
    without = rewritten("#!/usr/bin/env python" + body)
    assert isinstance(with_text, Rewrite)
    assert isinstance(without, Rewrite)
    assert with_text.new_source.startswith('"""A module."""\n\nimport advisor\n')
    assert without.new_source.startswith("#!/usr/bin/env python\nimport advisor\n")


def test_comments_stay():
    """Comments in the body stay with their statements."""
    rewrite = rewritten(HEAD + PROGRAMS["sum"])
    assert isinstance(rewrite, Rewrite)
    assert "    # the square of the work\n    y = work(x)\n" in rewrite.snippet


COPIED = """
class Member:
    def __init__(self, n):
        self.n, self.wins = n, 0
    def win(self):
        self.wins += 1
def strongest(team):
    return max(team, key=lambda member: work(member.n))
def main(teams):
    leaders = []
    for team in teams:  # here
        leaders.append(strongest(team))
    leaders[0].win()
    print([member.wins for member in teams[0]])
"""


def test_objects_that_change_later_are_not_copied():
    """Results that are objects of the program, which changes them later, may come from threads, not from processes."""
    assert isinstance(rewritten(HEAD + COPIED, form="executor", strategy="threading"), Rewrite)
    for form in ("executor", "map"):
        assert "copy" in rewritten(HEAD + COPIED, form=form, strategy="multiprocessing")


def test_files_of_an_iteration_are_written_in_the_workers():
    """A file that a function opens and closes is no reason to call it in the loop's order."""
    rewrite = rewritten(HEAD + PROGRAMS["files of their own"], form="executor")
    assert isinstance(rewrite, Rewrite)
    function, _, loop = rewrite.snippet.partition("with ")
    assert "save(" in function
    assert "save(" not in loop
