"""What is better than a lock, by the form of the code."""

from __future__ import annotations

from textwrap import indent

import pytest

from advisor.interleaving.better import ROWS, instead
from advisor.interleaving.stretches import SourceFile, Stretch
from advisor.models import RaceFinding, RaceStep

FORMS = {
    "same_lock_of_two": "with a.lock:\n    with b.lock:\n        a.n -= 1",
    "wait_without_loop": "with ready:\n    if not jobs:\n        ready.wait()\n    return jobs[0]",
    "queue_asked_first": "if not jobs.empty():\n    return jobs.get()",
    "generator": "return next(numbers)",
    "iteration": "for key in stock.items():\n    print(key)",
    "sqlite_locked": "db.execute('SELECT n FROM t')\ndb.execute('UPDATE t SET n = 1')",
    "sqlite_insert": "if not db.execute('SELECT 1 FROM tags'):\n    db.execute('INSERT INTO tags VALUES (1)')",
    "sqlite_count": "n = db.execute('select n from hits')\ndb.execute('update hits set n = ?', (n + 1,))",
    "sqlite_other": "db.execute('DELETE FROM jobs')",
    "folder_made": "if not os.path.isdir(path):\n    os.mkdir(path)",
    "file_made": "if not path.exists():\n    path.write_text(text)",
    "list_as_queue": "if jobs:\n    return jobs.pop(0)",
    "dictionary_delete": "if key in cache:\n    del cache[key]",
    "dictionary_insert": "if key not in cache:\n    cache[key] = make()",
    "looked_at_and_removed": "free = pool[-1]\npool.remove(free)",
    "checked_pop": "if jobs:\n    return jobs.pop()",
    "lazily_made": "global client\nif client is None:\n    client = connect()",
    "number_given": "global last\nnumber = last\nlast = number + 1\nreturn number",
}
KINDS = {"same_lock_of_two": "deadlock", "wait_without_loop": "deadlock"}
OBSERVED = {
    "generator": "call 1 raises ValueError: generator already executing",
    "iteration": "call 1 raises RuntimeError: dictionary changed size during iteration",
    "sqlite_locked": "call 1 raises OperationalError: database is locked",
}


def said(body: str, kind: str = "lost update", observed: str = "", effect: str = "reads n") -> str:
    """Return what is better than a lock around a function's body."""
    source = SourceFile("m.py", f"def work():\n{indent(body, '    ')}\n")
    steps = (RaceStep(thread=1, file="m.py", line=2, function="work", source="", effect=effect),)
    finding = RaceFinding(kind=kind, with_gil=True, steps=steps, observed=observed, seed=1)  # type: ignore[arg-type]
    return instead(finding, {"m.py": source}, [Stretch("m.py", "work", 2, len(source.lines))])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.form.__name__)
def test_each_form_is_recognised(row: object) -> None:
    """The row of each form is the first that matches an example of it, and names its source."""
    name = row.form.__name__  # type: ignore[attr-defined]
    text = said(FORMS[name], KINDS.get(name, "lost update"), OBSERVED.get(name, ""))
    assert row.source in text  # type: ignore[attr-defined]
    assert row.text.partition("{")[0] in text  # type: ignore[attr-defined]
    assert "{" not in text


def test_names_of_the_code_are_in_the_text() -> None:
    """A text refers to the code that it is about."""
    assert "`cache.setdefault(key, value)`" in said(FORMS["dictionary_insert"])
    assert "sorted((a.lock, b.lock), key=id)" in said(FORMS["same_lock_of_two"], "deadlock")


@pytest.mark.parametrize(
    "body",
    [
        "counts[word] = counts.get(word, 0) + 1",
        "total = total + amount",
        "for _ in range(3):\n    row = next(rows, None)\n    if row is None:\n        row = 1",
        "self.low = low\nself.high = high",
    ],
)
def test_nothing_is_said_of_other_code(body: str) -> None:
    """A form must match in full: setdefault does not add, for example."""
    assert said(body) == ""


def test_a_lock_does_not_hold_back_other_processes() -> None:
    """Of files and databases it is said what does."""
    assert "other processes that use the same files" in said("n = 1", effect="calls f(); writes file n.txt")
    assert "other processes that use the same database" in said(FORMS["sqlite_count"])
