"""The data that processes would be sent, as the second run sees it, and tables that are sent in parts."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from advisor.models import Profile
from advisor.survey.extraction import Rewrite
from advisor.survey.facts import LoopTime, StaticDependence, Variable
from advisor.survey.loops import loops_of
from advisor.survey.program import Program
from advisor.survey.second_run import LoopToWatch, second_run
from tests.test_survey_rewrite import rewritten


def profiles(folder: Path, source: str, *read: str) -> dict[int, Profile]:
    """Return the profiles of a program's loops by line; `read` names what they only read."""
    script = folder / "program.py"
    script.write_text(textwrap.dedent(source))
    shared = ("rows", "counts", "groups", "seen")
    variables = [*(Variable(name, "read") for name in read), *(Variable(name, "reduction") for name in shared)]
    loops = [
        LoopToWatch(LoopTime(loop, 0.5, 10), StaticDependence(tuple(variables), independence="independent"))
        for loop in loops_of(script.read_text(), str(script))
    ]
    found, _, _ = second_run(Program(str(script)), loops, folder=folder)
    return {each.id[1]: each.profile for each in found if each.profile is not None}


READS = """
table = list(range(50_000))
def main():
    prices = list(range(50_000))
    rows = []
    for x in range(20):
        rows.append(sum(prices) + x)
def other():
    rows = []
    for x in range(20):
        rows.append(sum(table) + x)
main()
other()
"""


def test_what_all_iterations_read_is_sent_with_the_function(tmp_path: Path) -> None:
    """A large local object counts for each task, not for each iteration; one of the module is there already."""
    found = profiles(tmp_path, READS, "prices", "table")
    assert (found[6].function_bytes or 0) > 100_000
    assert (found[6].argument_bytes or 0) < 100
    assert (found[10].function_bytes or 0) < 100


def test_results_of_expressions_are_seen(tmp_path: Path) -> None:
    """The size of what a comprehension, a generator, `map` and `apply` return is known."""
    source = """
        import pandas, time
        def long(x):
            time.sleep(0.003)  # a slice of time
            return "y" * 1_000
        a = [long(x) for x in range(9)]
        b = {x: long(x) for x in range(9)}
        c = list(long(x) for x in range(9))
        d = list(map(long, range(9)))
        e = pandas.DataFrame({"x": range(9)}).apply(long, axis=1)
    """
    found = profiles(tmp_path, source)
    assert set(found) == {6, 7, 8, 9, 10}
    assert {line: (each.result_bytes or 0) > 900 for line, each in found.items()} == dict.fromkeys(found, True)


def test_all_that_an_iteration_adds_is_its_result(tmp_path: Path) -> None:
    """New and changed items of dictionaries, the ends of lists in them, and members of sets count together."""
    source = """
        rows, counts, groups, seen = [], {k: 0 for k in range(500)}, {"a": []}, set()
        for x in range(12):
            for k in range(500):
                counts[k] += 1_000
            rows.extend(range(500))
            groups["a"].extend(range(500))
            seen.update(range(500 * x, 500 * x + 500))
    """
    each = profiles(tmp_path, source)[3]
    assert (each.result_bytes or 0) > 4 * 500 * 2


def test_rows_of_a_table_are_sent_as_their_values(tmp_path: Path) -> None:
    """Rows that cannot be pickled, or that are one object over and over, do not stand in the way."""
    source = """
        import pandas
        table = pandas.DataFrame({"a": range(50), "b": ["x"] * 50})
        for row in table.itertuples(index=False):
            len(row.b)
        for _, row in table.iterrows():
            len(row.b)
        table.apply(lambda row: len(row.b), axis=1)
    """
    for each in profiles(tmp_path, source).values():
        assert each.picklable.arguments is True
        assert 0 < (each.further_argument_bytes or 0) < 100  # a Series would have some hundred
        assert (each.function_bytes or 0) > 300  # a part of the table


HEAD = """
import sys
import pandas as pd

table = pd.DataFrame({"a": range(23), "b": [f"x{n}" for n in range(23)], "c": [n / 3 for n in range(23)]})
table.index = [f"i{n % 20}" for n in range(23)]


def work(row):
    return row["a"] * 2 if row["a"] % 5 else None


def columns(row):
    return pd.Series({"double": row["a"] * 2, "text": row["b"] + "!"})


"""
ROWS = {
    "tuples": """
total = 0
for row in table.itertuples():  # here
    total += len(row.b * row.a) + len(row.Index)
print(total)
""",
    "tuples that the loop needs": """
rows = []
for number, name, share in table[table.a > 3].itertuples(index=False, name=None):  # here
    size = len(name * number)
    rows.append((name, size, share))
print(rows)
""",
    "labelled rows": """
rows = []
for label, row in table.iterrows():  # here
    size = sum(map(len, row["b"] * row["a"]))
    rows.append((label, size, row["c"]))
print(rows)
""",
    "values": 'table["d"] = table.apply(work, axis=1)  # here\nprint(table.to_string(), table.dtypes)\n',
    "values of a lambda": 'print(table.apply(lambda row: len(row["b"]) + row["c"], axis=1).tolist())  # here\n',
    "columns": 'table[["d", "e"]] = table.apply(columns, axis=1)  # here\nprint(table.to_string(), table.dtypes)\n',
    "columns of no rows": "none = table[table.a > 99]\nprint(none.apply(columns, axis=1))  # here\n",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ROWS)
def test_tables_are_sent_in_parts(name: str, tmp_path: Path) -> None:
    """The program prints the same when forked processes get parts of the table."""
    path = tmp_path / "program.py"
    path.write_text(HEAD + ROWS[name])
    before = output(path)
    rewrite = rewritten(HEAD + ROWS[name], form="fork", strategy="multiprocessing", chunk=5)
    assert isinstance(rewrite, Rewrite), rewrite
    assert ".iloc[start : start + 5]" in rewrite.new_source
    path.write_text(rewrite.new_source)
    assert output(path) == before


def output(path: Path) -> str:
    return subprocess.run(
        [sys.executable, path.name], cwd=path.parent, capture_output=True, text=True, timeout=60, check=True
    ).stdout


def test_threads_get_rows() -> None:
    """Threads share the table: there is nothing to send."""
    rewrite = rewritten(HEAD + ROWS["tuples"], form="executor", strategy="threading")
    assert isinstance(rewrite, Rewrite)
    assert "iloc" not in rewrite.new_source


def test_rows_of_unknown_tables_are_not_sent() -> None:
    """Without pandas in the module, the rows may be those of a table that cannot be cut."""
    source = (
        "def main(table):\n    rows = []\n    for row in table.itertuples():  # here\n        rows.append(len(row))\n"
    )
    reason = rewritten(source, form="fork", strategy="multiprocessing")
    assert reason == "the rows may be of another table than one of pandas"


def test_scripts_without_a_guard_fork() -> None:
    """Forked processes do not import the script again, which would start its work once more."""
    source = "import math\nrows = []\nfor x in range(9):  # here\n    rows.append(math.sqrt(x))\n"
    reason = rewritten(source, form="executor", strategy="multiprocessing")
    assert "when it is imported" in str(reason)
    rewrite = rewritten(source, form="fork", strategy="multiprocessing")
    assert isinstance(rewrite, Rewrite)
    assert 'mp_context=get_context("fork")' in rewrite.snippet
    assert "from multiprocessing import get_context\n" in rewrite.new_source
