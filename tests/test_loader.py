"""From a spec to a callable."""

from __future__ import annotations

import io
import json
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from advisor.errors import TargetError, UsageError
from advisor.target.loader import aliased_files, import_aliased, load

SOURCE = """
import functools

def double(number, times=2):
    return number * times

class Greeter:
    def __init__(self, word="hello"):
        self.word = word
    def greet(self, name):
        return f"{self.word} {name}"
    @staticmethod
    def loud(name):
        return name.upper()
    @classmethod
    def named(cls, name):
        return cls(name).word

    def counted(function):
        def wrapper(self, name):
            return function(self, name)
        return wrapper
    @counted
    def wrapped(self, name):
        return self.word + name
    lam = lambda self, name: self.word + name
    part = functools.partialmethod(greet)
    @functools.lru_cache
    def cached(self, name):
        return self.word + name
    class Kept:
        def __call__(self, name):
            return name.lower()
    kept = Kept()

class Picky:
    def __init__(self, needed):
        pass
    def method(self):
        pass

def numbers():
    yield 1

async def rows():
    yield 1

not_a_function = 3
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A current folder with a module of its own; nothing it imports stays loaded."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    (tmp_path / "jobs_here.py").write_text(SOURCE)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("spec", "argument", "result"),
    [
        ("jobs_here:double", 4, 8),
        ("jobs_here:Greeter.greet", "you", "hello you"),
        ("jobs_here:Greeter.loud", "you", "YOU"),
        ("jobs_here:Greeter.named", "you", "you"),
        ("jobs_here:Greeter.wrapped", "you", "helloyou"),
        ("jobs_here:Greeter.lam", "you", "helloyou"),
        ("jobs_here:Greeter.part", "you", "hello you"),
        ("jobs_here:Greeter.cached", "you", "helloyou"),
        ("jobs_here:Greeter.kept", "You", "you"),
        ("builtins:str.upper", "you", "YOU"),
        ("jobs_here.py:double", 5, 10),
        ("./jobs_here.py:double", 5, 10),
        ("os.path:basename", "a/b", "b"),
    ],
)
def test_every_way_to_name_a_target_gives_its_callable(spec: str, argument: object, result: object) -> None:
    """Functions, methods and files are found from the current folder."""
    assert load(spec)(argument) == result


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("jobs_here", "is not a target"),
        ("jobs_here:", "is not a target"),
        (":double", "is not a target"),
        ("jobs_here:dou ble", "is not a target"),
        ("no_such_module:func", "no module named 'no_such_module'"),
        ("jobs_here.deeper:func", "no module named 'jobs_here.deeper'"),
        ("nowhere.py:func", "no such file"),
        ("jobs_here:dubble", "did you mean 'double'"),
        ("jobs_here:not_a_function", "is of type int"),
        ("jobs_here:numbers", "generator function"),
        ("jobs_here:rows", "generator function"),
        ("jobs_here:Picky.method", "Picky() needs arguments"),
    ],
)
def test_a_wrong_target_is_one_clear_line(spec: str, words: str) -> None:
    """What was wrong is named, on one line."""
    with pytest.raises(UsageError) as caught:
        load(spec)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_current_folder_that_is_gone_is_one_clear_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else may have removed it."""
    (folder / "gone").mkdir()
    monkeypatch.chdir(folder / "gone")
    (folder / "gone").rmdir()
    with pytest.raises(UsageError, match="the current folder does not exist any more"):
        load("jobs_here:double")


def test_a_module_that_fails_to_import_is_the_targets_failure(folder: Path) -> None:
    """An error inside the user's module is not a module that is missing."""
    (folder / "broken.py").write_text("import module_that_is_missing\n")
    with pytest.raises(TargetError, match="importing broken raised ModuleNotFoundError") as caught:
        load("broken:func")
    assert "broken.py" in caught.value.traceback
    assert "importlib" not in caught.value.traceback
    assert "advisor" not in caught.value.traceback


def test_a_file_is_imported_as_its_users_would(folder: Path) -> None:
    """In a package by its dotted name, so that relative imports work; also without an ending, as programs are named."""
    (folder / "shop").mkdir()
    (folder / "shop" / "__init__.py").touch()
    (folder / "shop" / "prices.py").write_text("price = 7\n")
    (folder / "shop" / "till.py").write_text("from .prices import price\ndef total(n): return n * price\n")
    assert load("shop/till.py:total")(2) == 14
    (folder / "bin").mkdir()
    (folder / "bin" / "my.tool").write_text("def mine(): return 'mine'\n")
    assert load("bin/my.tool:mine")() == "mine"
    (folder / "bin" / "other").write_bytes(b"\x7fELF\0")
    with pytest.raises(TargetError, match="importing other raised"):
        load("bin/other:mine")


def test_a_file_named_like_a_standard_module_is_loaded_all_the_same(folder: Path) -> None:
    """The standard module stays what it was."""
    (folder / "json.py").write_text("def mine(): return 'mine'\n")
    assert load("json.py:mine")() == "mine"
    assert hasattr(json, "dumps")


@pytest.mark.parametrize("name", ["spin-fast.py", "01_spin.py", "statistics.py", "my.job.py", "shop/01-till.py"])
def test_a_file_that_no_import_statement_finds_is_loaded_once(folder: Path, name: str) -> None:
    """Otherwise a worker would unpickle another function than the one that was measured."""
    (folder / "shop").mkdir()
    (folder / "shop" / "__init__.py").touch()
    (folder / name).write_text("def work(n): return n\ndef inputs(): return [1]\n")
    work, inputs = load(f"{name}:work"), load(f"{name}:inputs")
    assert work.__globals__ is inputs.__globals__  # type: ignore[attr-defined]
    assert pickle.loads(pickle.dumps(work)) is work


def test_files_with_similar_names_stay_apart(folder: Path) -> None:
    """The name that a file is imported under depends on its path."""
    for number, name in enumerate(["a.b.py", "a_b.c.py", "a.b_c.py"]):
        (folder / name).write_text(f"def mine(): return {number}\n")
    assert [load(f"{name}:mine")() for name in ("a.b.py", "a_b.c.py", "a.b_c.py", "a.b.py")] == [0, 1, 2, 0]


def test_a_process_that_was_not_forked_finds_aliased_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Functions are pickled by the module's name, which no import of theirs would find."""
    (folder / "statistics.py").write_text("def mine(): return 'mine'\n")
    pickled = pickle.dumps(load("statistics.py:mine"))
    files = aliased_files()
    monkeypatch.delitem(sys.modules, "advised_statistics")
    import_aliased(files)
    assert pickle.loads(pickled)() == "mine"


@pytest.mark.parametrize(
    "program",
    [
        "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('folder')\nparser.parse_args()\n",
        "import sys\nfolder = sys.argv[1]\n",
        "import sys\n_, source, destination = sys.argv\n",
        "name = input('Name: ')\n",
        "import sys\ndef main():\n    return 0\nsys.exit(main())\n",
        "import click\n@click.command()\ndef main():\n    pass\nmain()\n",
    ],
)
def test_a_script_that_runs_when_it_is_imported_is_told_apart(
    folder: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    """The error says what to do."""
    monkeypatch.setattr(sys, "argv", ["script.py:work"])
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    (folder / "script.py").write_text(f"def work(n):\n    return n\n\n{program}")
    for spec in ("script:work", "script.py:work"):
        with pytest.raises(TargetError, match='put the program under `if __name__ == "__main__":`'):
            load(spec)


@pytest.mark.parametrize("program", ["settings = {}['key']\n", "int('argument')\n", "raise ImportError('no numpy')\n"])
def test_another_failure_of_a_module_is_no_program(folder: Path, program: str) -> None:
    """Its own message is the one that helps."""
    (folder / "broken.py").write_text(program)
    with pytest.raises(TargetError) as caught:
        load("broken:func")
    assert "__main__" not in str(caught.value)


def test_a_command_is_answered_with_what_to_name(folder: Path) -> None:
    """Calling a command would parse a command line."""
    (folder / "tool.py").write_text(
        "import click\n@click.group()\ndef cli(): pass\n@cli.command()\n@click.argument('name')\n"
        "@click.option('--rounds')\ndef stamp(name, rounds): return name\n"
    )
    with pytest.raises(UsageError, match=r"name the function inside it, tool:stamp.callback.*\(name, rounds\)"):
        load("tool:stamp")
    with pytest.raises(UsageError, match="is a click group"):
        load("tool:cli")
    assert load("tool:stamp.callback")("you", 2) == "you"
