"""After any end of a run, its checkpoint has whole results, and only of the same code and the same inputs."""

from __future__ import annotations

import functools
import importlib.util
import os
import pickle
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from advisor.errors import UsageError
from advisor.jobs import stored_result
from advisor.jobs.checkpoint import FORMAT, Checkpoint, Stored

ROOT = Path(__file__).parent.parent
WRITER = """
import sys
from pathlib import Path
from advisor.jobs.checkpoint import Checkpoint

def work(number):
    return ("pickled", number, "x" * 3_000) if number % 2 else {"number": number}

with Checkpoint(sys.argv[1], work, name="work") as checkpoint:
    print("open", flush=True)
    for number in range(1_000_000):
        stored = checkpoint.stored(number, ((number,), {}))
        if stored is not None:
            assert stored.result == work(number), number
            assert number < checkpoint.count
        else:
            checkpoint.add(number, ((number,), {}), work(number))
            if number % 7 == 0:
                checkpoint.flush()
                print(number + 1, flush=True)
"""


def double(number: Any) -> Any:
    """Stand for the function of a run."""
    return number


def of(*values: Any, **keywords: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return values, keywords


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Keep the user's key in a folder of the test."""
    folder = tmp_path / "data"
    monkeypatch.setattr("platformdirs.user_data_path", lambda name: folder / name)
    stored_result.user_key.cache_clear()
    yield folder
    stored_result.user_key.cache_clear()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.db"


def store(path: Path, *results: Any, function: Callable[..., Any] = double) -> None:
    """Store the results of the calls with 0, 1, 2 and so on."""
    with Checkpoint(path, function, name="double") as checkpoint:
        for key, result in enumerate(results):
            checkpoint.add(key, of(key), result)


def opened(path: Path, function: Callable[..., Any] = double) -> int:
    with Checkpoint(path, function, name="double") as checkpoint:
        return checkpoint.count


def module_of(folder: Path, name: str, text: str) -> ModuleType:
    """Write a module of the user and load it, again if it has changed."""
    file = folder / f"{name}.py"
    file.write_text(text)
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    exec(compile(text, file, "exec"), vars(module))
    return module


RESULTS: list[Any] = [None, True, 5, -0.5, float("inf"), "naïve \0", "\ud800", [1, ["a", {"b": None}]], {"a": 1}]
RESULTS += [10**5_000, (1, 2), [(1,)], {1: 2}, {1, 2}, b"bytes", 1j, Path("a"), OrderedDict(a=1)]


def test_results_come_back_as_they_were(path: Path) -> None:
    """Their values and types are the same, whether they are stored as JSON or as pickles."""
    store(path, *RESULTS)
    with Checkpoint(path, double, name="double") as checkpoint:
        stored = [checkpoint.stored(key, of(key)) for key in range(len(RESULTS))]
    assert stored == [Stored(result) for result in RESULTS]
    assert [type(each.result) for each in stored if each] == [type(result) for result in RESULTS]


def test_a_run_continues(path: Path) -> None:
    """Stored results are found by index, others are None, and a smaller run ignores the rest."""
    store(path, 0, 1, 2)
    with Checkpoint(path, double, name="double") as checkpoint:
        assert checkpoint.count == 3
        assert checkpoint.stored(1, of(1)) == Stored(1)
        assert checkpoint.stored(3, of(3)) is None
        checkpoint.add(3, of(3), 3)
    assert opened(path) == 4


def test_failed_calls_run_again(path: Path) -> None:
    """A failed call has no stored result, and its input may be another one the next time."""
    with Checkpoint(path, double, name="double") as checkpoint:
        checkpoint.add(0, of("wrong"), ValueError(), failed=True)
    with Checkpoint(path, double, name="double") as checkpoint:
        assert checkpoint.stored(0, of("right")) is None


def test_results_are_committed_when_a_tenth_of_a_second_has_passed(path: Path) -> None:
    """A result that is added later than that is committed with those before it; flush commits at once."""
    now = 0.0
    checkpoint = Checkpoint(path, double, name="double", clock=lambda: now)
    wal = Path(f"{path}-wal")
    size = wal.stat().st_size
    checkpoint.add(0, of(0), 0)
    assert wal.stat().st_size == size
    now = 0.2
    checkpoint.add(1, of(1), 1)
    assert wal.stat().st_size > size
    size = wal.stat().st_size
    checkpoint.add(2, of(2), 2)
    assert wal.stat().st_size == size
    checkpoint.flush()
    assert wal.stat().st_size > size
    checkpoint.close()
    checkpoint.close()
    assert opened(path) == 3


def test_arguments_count_as_they_were_before_the_call(path: Path) -> None:
    """A call that changes its arguments is found again with the original ones."""
    values = [1]
    with Checkpoint(path, double, name="double") as checkpoint:
        assert checkpoint.stored(0, of(values)) is None
        values.append(2)
        checkpoint.add(0, of(values), 3)
    with Checkpoint(path, double, name="double") as checkpoint:
        assert checkpoint.stored(0, of([1])) == Stored(3)


def test_another_input_is_refused(path: Path) -> None:
    """The message names the index, the file and what to do."""
    store(path, 0, 1)
    with Checkpoint(path, double, name="double") as checkpoint:
        assert checkpoint.stored(0, of(0)) == Stored(0)
        with pytest.raises(UsageError, match=r"input 1 is not the one of .*run\.db.*Delete the file"):
            checkpoint.stored(1, of(5))


CODE = """
import math
LIMIT = 10

class Scale:
    factor = 2
    def apply(self, number):
        return number * self.factor

def helper(number):
    return Scale().apply(number)

def work(number):
    return helper(number) + LIMIT

def unused():
    return 1
"""


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("return helper(number) + LIMIT", "return helper(number) - LIMIT", r"work \(user_code\.py:13\)"),
        ("return Scale()", "return 1 + Scale()", r"helper \(user_code\.py:10\)"),
        ("LIMIT = 10", "LIMIT = 11", "work"),
        ("factor = 2", "factor = 3", "Scale"),
        ("number * self", "number + self", r"Scale\.apply"),
        ("return helper(number)", "return (number)", "work"),
    ],
)
def test_changed_code_is_refused(tmp_path: Path, path: Path, old: str, new: str, changed: str) -> None:
    """The message names the changed function, its place, the number of results and what to do."""
    store(path, 0, 1, function=module_of(tmp_path, "user_code", CODE).work)
    function = module_of(tmp_path, "user_code", CODE.replace(old, new)).work
    with pytest.raises(UsageError, match=rf"2 results of double .*{changed}.*Delete the file .*checkpoint="):
        opened(path, function)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return helper(number) + LIMIT", "'''Add.'''\n    # comment\n    return (helper(number)\n        + LIMIT)"),
        ("return 1", "return 2"),
        ("import math", "import math\n\n\n"),
    ],
)
def test_comments_and_other_functions_do_not_count(tmp_path: Path, path: Path, old: str, new: str) -> None:
    """Comments, docstrings, formatting and functions that the run does not use may change."""
    store(path, 0, 1, function=module_of(tmp_path, "user_code", CODE).work)
    assert opened(path, module_of(tmp_path, "user_code", CODE.replace(old, new)).work) == 2


def test_a_checkpoint_without_results_takes_any_code(path: Path) -> None:
    """The code of a run that ended before its first result is replaced."""
    store(path)
    store(path, 1, function=abs)
    with pytest.raises(UsageError, match="before its code changed"):
        opened(path)


def test_values_that_belong_to_a_function_count(path: Path) -> None:
    """Bound arguments and closures are compared, of partial objects, methods, lambdas and callable objects."""

    class Adder:
        def __init__(self, number: int) -> None:
            self.number = number

        def __call__(self, number: int) -> int:
            return number + self.number

    def adder(by: int) -> Callable[[int], int]:
        return lambda number: number + by

    makers: list[Callable[[int], Callable[..., Any]]] = [
        functools.partial(functools.partial, pow), adder, Adder, lambda number: Adder(number).__call__,
    ]  # fmt: skip
    for index, make in enumerate(makers):
        file = path.with_suffix(f".{index}")
        store(file, 0, function=make(1))
        assert opened(file, make(1)) == 1
        with pytest.raises(UsageError, match="before its code changed"):
            opened(file, make(2))


def test_a_function_of_a_library_counts_by_name(path: Path) -> None:
    """A built-in function is another one than the next."""
    store(path, 0, function=len)
    assert opened(path, len) == 1
    with pytest.raises(UsageError, match=r"builtins\.abs"):
        opened(path, abs)


def test_a_second_run_is_refused(path: Path) -> None:
    """The file is locked while a run uses it, and free afterwards."""
    with Checkpoint(path, double, name="double"):
        child = subprocess.run(
            [sys.executable, "-c", WRITER, str(path)], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert "another run is using it" in child.stderr.splitlines()[-1]
    assert opened(path) == 0


def _foreign(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE mine (value)")
    database.close()


def _newer(path: Path) -> None:
    store(path, 1)
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA user_version = {FORMAT + 1}")
    database.close()


def _without_tables(path: Path) -> None:
    store(path, 1)
    with sqlite3.connect(path) as database:
        database.execute("DROP TABLE results")
    database.close()


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (lambda path: path.write_text("no database" * 1_000), "it is not a checkpoint"),
        (_foreign, "a database of another program"),
        (_newer, "a newer version of advisor"),
        (_without_tables, "no such table"),
        (lambda path: path.mkdir(), "it cannot be opened"),
    ],
)
def test_another_file_is_refused_and_left_alone(path: Path, prepare: Callable[[Path], None], reason: str) -> None:
    """Each has a message of its own, and the file stays as it was."""
    prepare(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(UsageError, match=reason):
        opened(path)
    assert before is None or path.read_bytes() == before


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    """The message asks for a folder that exists."""
    with pytest.raises(UsageError, match="a folder that exists and is writable"):
        opened(tmp_path / "none" / "run.db")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_read_only_folder_is_reported(tmp_path: Path, path: Path) -> None:
    """The message is that of a file that cannot be opened."""
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(UsageError, match="writable"):
            opened(path)
    finally:
        tmp_path.chmod(0o700)


def test_a_full_disk_is_reported_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The results committed before stay, and closing the file is quiet."""
    connect = sqlite3.connect

    def connect_to_small_disk(*args: Any, **options: Any) -> sqlite3.Connection:
        database = connect(*args, **options)
        database.execute("PRAGMA max_page_count = 10")
        return database

    monkeypatch.setattr(sqlite3, "connect", connect_to_small_disk)
    checkpoint = Checkpoint(path, double, name="double")
    checkpoint.add(0, of(0), 0)
    checkpoint.flush()
    checkpoint.add(1, of(1), "x" * 100_000)
    with pytest.raises(UsageError, match="the disk is full"):
        checkpoint.flush()
    checkpoint.close()
    assert opened(path) == 1


def test_a_result_that_cannot_be_pickled_is_reported(path: Path) -> None:
    """The message names its type and what to do."""
    with Checkpoint(path, double, name="double") as checkpoint, pytest.raises(UsageError, match=r"type lock .*Return"):
        checkpoint.add(0, of(0), threading.Lock())


def test_functions_of_the_run_are_stored_by_value(path: Path) -> None:
    """A lambda, which pickle refuses, comes back."""
    store(path, lambda: 5)
    with Checkpoint(path, double, name="double") as checkpoint:
        stored = checkpoint.stored(0, of(0))
    assert stored is not None
    assert stored.result() == 5


class Trap:
    """Write a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.file,)


@pytest.mark.parametrize("code", [None, b"", b"0" * 16])
def test_a_pickle_of_somebody_else_is_not_loaded(tmp_path: Path, path: Path, code: bytes | None) -> None:
    """A changed row is refused, and its code does not run."""
    store(path, (0,))
    sprung = tmp_path / "sprung"
    with sqlite3.connect(path) as database:
        database.execute("UPDATE results SET result = ?, code = ?", (pickle.dumps(Trap(sprung)), code))
    database.close()
    with Checkpoint(path, double, name="double") as checkpoint, pytest.raises(UsageError, match="another user"):
        checkpoint.stored(0, of(0))
    assert not sprung.exists()


def test_a_row_is_valid_for_its_own_input_only(path: Path) -> None:
    """A pickle that was moved to another input is refused."""
    store(path, (0,), (1,))
    with sqlite3.connect(path) as database:
        database.execute("UPDATE results SET (result, code) = (SELECT result, code FROM results WHERE input = 0)")
    database.close()
    with Checkpoint(path, double, name="double") as checkpoint:
        assert checkpoint.stored(0, of(0)) == Stored((0,))
        with pytest.raises(UsageError, match="result of input 1"):
            checkpoint.stored(1, of(1))


def test_plain_results_need_no_key(path: Path, data_folder: Path) -> None:
    """Such a checkpoint can be moved to another machine; one with pickles cannot."""
    store(path, {"a": [1]})
    assert not data_folder.exists()
    store(path, {"a": [1]}, (1,))
    key = data_folder / "advisor" / "checkpoint.key"
    assert [file.name for file in key.parent.iterdir()] == [key.name]
    assert os.name != "posix" or key.stat().st_mode & 0o777 == 0o600
    key.unlink()
    stored_result.user_key.cache_clear()
    with Checkpoint(path, double, name="double") as checkpoint:
        assert checkpoint.stored(0, of(0)) == Stored({"a": [1]})
        with pytest.raises(UsageError, match="on another machine"):
            checkpoint.stored(1, of(1))


def test_a_key_that_cannot_be_kept_is_reported(path: Path, data_folder: Path) -> None:
    """The message names the file, and plain results as a way out."""
    data_folder.write_text("in the way")
    with Checkpoint(path, double, name="double") as checkpoint:
        checkpoint.add(0, of(0), 0)
        with pytest.raises(UsageError, match=r"checkpoint\.key, which is not accessible.*plain data"):
            checkpoint.add(1, of(1), (1,))


@pytest.mark.skipif(os.name != "posix", reason="file modes are those of POSIX")
def test_a_key_that_others_can_read_is_refused(path: Path, data_folder: Path) -> None:
    """Whoever knows the key can write pickles that are trusted."""
    store(path, (0,))
    (data_folder / "advisor" / "checkpoint.key").chmod(0o644)
    stored_result.user_key.cache_clear()
    with pytest.raises(UsageError, match="others can read it"):
        store(path, (0,))


def test_a_deleted_file_starts_anew_after_a_kill(path: Path) -> None:
    """The log that a killed run leaves beside the file is not taken for that of the new one."""
    child = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with child:
        assert child.stdout is not None
        while child.stdout.readline().strip() != "8":
            pass
        child.kill()
    path.unlink()
    assert opened(path) == 0


@pytest.mark.slow
def test_a_run_killed_at_any_moment_continues(path: Path) -> None:
    """Of 20 kills, each leaves whole results, without a gap, and all that was committed."""
    moments, reached = random.Random(16), 0
    for _ in range(20):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with child:
            assert child.stdout is not None
            assert child.stderr is not None
            assert child.stdout.readline() == "open\n", child.stderr.read()
            time.sleep(moments.uniform(0, 0.06))
            child.kill()
            reached = max([reached, *map(int, child.stdout.read().split())])
            assert not child.stderr.read()
        copy = path.with_name("copy.db")
        for suffix in ("", "-wal"):
            if (source := Path(f"{path}{suffix}")).exists():
                Path(f"{copy}{suffix}").write_bytes(source.read_bytes())
        database = sqlite3.connect(copy)
        count, last = database.execute("SELECT count(*), max(input) + 1 FROM results").fetchone()
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        database.close()
        assert count == (last or 0) >= reached
    assert reached > 0
