"""Stretches of statements, the lock around them, and the patch that adds it."""

from __future__ import annotations

import ast
import shutil
import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

from advisor.interleaving.lock_patch import patch, swap_locks, unused_name, with_lock
from advisor.interleaving.stretches import SourceFile, Stretch, merged

MODULE = dedent(
    '''\
    #!/usr/bin/env python
    """Seats."""

    from __future__ import annotations

    import os

    taken = {}


    def book(seat, name):
        """Book a seat."""
        global last
        if seat in taken:
            return False
        elif not name: return None
        for word in name.split():
            a = 1; taken[seat] = word
        last = f"""
    {seat}
    """
        return True


    class Box:
        @property
        def size(self):
            try:
                return len(taken)
            except TypeError:
                # not yet
                return 0


    def numbers():
        for number in taken:
            yield number
    '''
)


@pytest.fixture
def source() -> SourceFile:
    return SourceFile("seats.py", MODULE)


def line_of(text: str) -> int:
    return next(number for number, line in enumerate(MODULE.splitlines(), 1) if text in line)


def shown(stretch: Stretch | None) -> list[str]:
    assert stretch is not None
    return [line.strip() for line in MODULE.splitlines()[stretch.first_line - 1 : stretch.last_line]]


def test_a_stretch_consists_of_whole_statements(source: SourceFile) -> None:
    """A line of an `elif` or of a body beside its header takes the statement around; lines with `;` stay together."""
    assert shown(source.cover([line_of("return False")])) == ["return False"]
    assert shown(source.cover([line_of("elif not name")]))[0] == "if seat in taken:"
    assert shown(source.cover([line_of("a = 1")])) == ["a = 1; taken[seat] = word"]
    assert shown(source.cover([line_of("if seat"), line_of("a = 1")]))[-1] == "a = 1; taken[seat] = word"
    assert shown(source.cover([line_of("for word")]))[0] == "for word in name.split():"
    assert source.cover([line_of("a = 1"), line_of("return len")]) is None


def test_a_stretch_grows_to_its_function_and_no_further(source: SourceFile) -> None:
    """It grows to its block and the statements around, without documentation and declarations."""
    stretch = source.cover([line_of("a = 1")])
    assert stretch is not None
    grown = []
    while (wider := source.wider(stretch)) is not None:
        stretch = wider
        grown.append(shown(stretch))
    assert [lines[0] for lines in grown] == ["for word in name.split():", "if seat in taken:"]
    assert grown[-1][-1] == "return True"
    assert [each.lines for each in source.narrower(stretch)] == [stretch.lines - 3, stretch.lines - 1]


def test_stretches_in_a_row_are_one(source: SourceFile) -> None:
    """Two statements in a row share a `with`; those of two branches, and those with a line in between, do not."""
    sources = {"seats.py": source}

    def both(*texts: str) -> list[list[str]]:
        covers = [source.cover([line_of(text)]) for text in texts]
        return [shown(each) for each in merged([each for each in covers if each is not None], sources)]

    assert both("for word", 'last = f"""')[0][0] == "for word in name.split():"
    assert len(both("for word", 'last = f"""')) == 1
    assert len(both("return False", "for word")) == 2
    assert len(both("for word", "return True")) == 2
    assert both("a = 1", "for word") == both("for word")


def test_a_generator_that_yields_in_a_stretch_is_known(source: SourceFile) -> None:
    """A lock there would be held while the generator is suspended."""
    inside, outside = source.cover([line_of("yield number")]), source.cover([line_of("return True")])
    assert inside is not None
    assert source.suspends(inside)
    assert outside is not None
    assert not source.suspends(outside)


def test_the_lock_changes_nothing_but_indentation(source: SourceFile) -> None:
    """What is under the lock is the same code, with the same strings; each line knows the line it was."""
    stretch = source.cover([line_of("if seat"), line_of("return True")])
    assert stretch is not None
    changed = with_lock(source, [stretch], unused_name(source), "Lock")
    function = next(node for node in ast.walk(ast.parse(changed.text)) if isinstance(node, ast.FunctionDef))
    before = source.function_at(line_of("return True"))
    assert before is not None
    held = next(node for node in function.body if isinstance(node, ast.With))
    assert list(map(ast.unparse, held.body)) == list(map(ast.unparse, before.body[2:]))
    assert ast.unparse(held.items[0]) == "_lock"
    for number, line in enumerate(changed.text.splitlines(), 1):
        if line.strip() and "_lock" not in line and "threading" not in line:
            assert line.strip() == MODULE.splitlines()[changed.origin(number) - 1].strip()


@pytest.mark.parametrize(
    ("before", "header"),
    [
        ("def f():\n    g()\n", "import threading\n\n_lock = threading.Lock()\n\ndef f():"),
        ('"""T."""\n\ndef f():\n    g()\n', '"""T."""\n\nimport threading\n\n_lock = threading.Lock()\n\ndef f():'),
        ("import os\n\n\ndef f():\n    g()\n", "import os\nimport threading\n\n_lock = threading.Lock()\n\n\ndef f():"),
        ("import threading\n\ndef f():\n\tg()\n", "import threading\n\n_lock = threading.Lock()\n\ndef f():"),
        ("# -*- coding: utf-8 -*-\ndef f():\n    g()\n", "# -*- coding: utf-8 -*-\n\nimport threading\n"),
        ("_lock = 1\ndef f():\r\n  g()\n", "import threading\n\n_shared_lock = threading.Lock()\n\n_lock = 1"),
    ],
)
def test_the_lock_is_defined_after_the_imports(before: str, header: str) -> None:
    """Its name is a new one, `threading` is imported where it is not, and indentation stays the module's own."""
    source = SourceFile("m.py", before)
    line = next(number for number, text in enumerate(source.lines, 1) if "g()" in text)
    stretch = source.cover([line])
    assert stretch is not None
    text = with_lock(source, [stretch], unused_name(source), "Lock").text
    ast.parse(text)
    assert text.startswith(header)


@pytest.mark.parametrize("command", [["patch", "-p0"], ["git", "apply", "-p0"]], ids=lambda command: command[0])
def test_the_patch_applies(command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`patch` and `git apply` turn the file into the changed text, with or without a newline at its end."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"no {command[0]}")
    monkeypatch.chdir(tmp_path)
    for text in (MODULE, MODULE.rstrip("\n")):
        Path("seats.py").write_text(text)
        source = SourceFile(str(tmp_path / "seats.py"), text)
        stretches = [source.cover([line_of("if seat")]), source.cover([line_of("yield number")])]
        changed = with_lock(source, [each for each in stretches if each is not None], "_lock", "RLock").text
        made = patch(source.path, text, changed)
        subprocess.run(command, input=made.encode(), check=True, capture_output=True)
        assert Path("seats.py").read_text() == changed


def test_two_locks_swap_places() -> None:
    """The locks of nested `with` statements change places, and only where both are plain names."""
    text = "def f():\n    with a:\n        g()\n        with self.b:\n            h()\n"
    assert swap_locks(SourceFile("m.py", text), [2, 4]) == text.replace("self.b", "#").replace(
        "with a", "with self.b"
    ).replace("#", "a")
    assert swap_locks(SourceFile("m.py", text.replace("with a", "with a()")), [2, 4]) is None
    assert swap_locks(SourceFile("m.py", text), [2]) is None
