"""Worker processes that must not be forked are planned, run and written with a start method that is safe."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from advisor import api
from advisor.decide.codegen.snippet import SnippetRequest, snippet
from advisor.host.machine import unmeasured_machine
from advisor.measure.shared_state.touched_objects import TouchedObjects
from advisor.measure.shared_state.touches import in_use
from advisor.models import Advice, Job, Machine, Profile, Touch
from advisor.models.request import AdviceRequest
from advisor.predict.estimator import estimate, leaders
from advisor.run.executors import open_executor
from advisor.run.trial import TrialJob, run_trials

ARCHIVE = Touch(
    name="ARCHIVE",
    kind="file",
    where="shop.py:3",
    resource="archive read",
    threads="caution",
    fork="unsafe",
    spawn="safe",
)
LINUX = Machine(cores=4, core_scaling=1.0, start_method="fork", source="measured")


def _profile(*touches: Touch, **fields: float) -> Profile:
    return Profile(calls=50, wall=20e-3, gil_held=20e-3, wait=0.0, target="shop:read", touches=touches, **fields)


def _advice(profile: Profile, machine: Machine = LINUX, calls: int = 2000) -> Advice:
    return api.advise_on(AdviceRequest(profile, Job(calls=calls), machine))


def _touch(fork: str, spawn: str, resource: str = "archive read") -> Touch:
    return ARCHIVE.model_copy(update={"fork": fork, "spawn": spawn, "resource": resource})


def test_what_only_a_fork_breaks_is_done_with_spawned_workers() -> None:
    advice = _advice(_profile(ARCHIVE))
    best = advice.alternatives[0]
    assert (advice.recommendation, best.start_method) == ("multiprocessing", "spawn")
    assert "started with spawn" in advice.summary
    assert best.why.startswith("started with spawn")
    assert 'mp_context=multiprocessing.get_context("spawn")' in advice.snippet
    [text] = [pitfall.text for pitfall in advice.warnings if pitfall.code == "shared-resource"]
    assert "ARCHIVE" in text
    assert "start processes with spawn" in text
    assert any(pitfall.code == "main-guard" for pitfall in advice.warnings)


def test_the_start_up_of_spawned_workers_counts() -> None:
    slow = _profile(ARCHIVE, import_seconds=2.0)
    forked, spawned = (leaders(estimate(each, Job(calls=500), LINUX)) for each in (_profile(import_seconds=2.0), slow))
    assert forked["multiprocessing"].start_up < 0.1
    assert spawned["multiprocessing"].start_up > 2.0
    assert forked["threading"] == spawned["threading"]
    assert forked["multiprocessing"].start_method is None
    assert _advice(slow, calls=60).recommendation == "sequential"  # 1.2 s of work


@pytest.mark.parametrize(
    ("touches", "reason"),
    [
        ((_touch("unsafe", "unsafe"),), "ARCHIVE"),
        ((_touch("unsafe", "caution"),), "ARCHIVE"),
        ((ARCHIVE, _touch("safe", "unsafe", "queue").model_copy(update={"name": "Q"})), "ARCHIVE"),
    ],
)
def test_it_is_no_remedy_where_spawned_workers_are_not_known_to_be_safe(
    touches: tuple[Touch, ...], reason: str
) -> None:
    advice = _advice(_profile(*touches))
    [processes] = [row for row in advice.alternatives if row.strategy == "multiprocessing"]
    assert not processes.feasible
    assert reason in processes.why
    assert "mp_context" not in advice.snippet


@pytest.mark.parametrize("machine", [LINUX, LINUX.model_copy(update={"start_method": "forkserver"})])
def test_nothing_changes_where_the_start_method_is_safe(machine: Machine) -> None:
    touch = ARCHIVE if machine.start_method != "fork" else _touch("caution", "safe")
    advice, plain = _advice(_profile(touch), machine), _advice(_profile(), machine)
    assert advice.alternatives == plain.alternatives
    assert "mp_context" not in advice.snippet


def test_a_name_from_outside_cannot_leave_the_comment() -> None:
    touch = ARCHIVE.model_copy(update={"name": 'A\nimport os\r\x0c\x00\u2028os.abort() """'})
    code = snippet(SnippetRequest("multiprocessing", 2, 1, _profile(touch), LINUX))
    compile(code, "snippet", "exec")
    assert not any(line.strip().startswith(("import os", "os.")) for line in code.splitlines())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_executors_use_the_start_method() -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(2 * interval)  # forked workers inherit it
    try:
        for method, inherited in (("fork", True), ("spawn", False)):
            with open_executor("multiprocessing", 1, method) as pool:  # type: ignore[arg-type]
                assert (pool.submit(sys.getswitchinterval).result() > 1.5 * interval) == inherited
    finally:
        sys.setswitchinterval(interval)


class Frame:
    """Stands for an object of a library."""

    def total(self) -> int:
        return 1


LIBRARY = ModuleType("lance")
LIBRARY.Frame = Frame  # type: ignore[attr-defined]
TENSORS = ModuleType("torch")
TENSORS.cuda = SimpleNamespace(is_initialized=lambda: True)  # type: ignore[attr-defined]
MODEL = type("Model", (), {"__module__": "sklearn.svm._classes", "predict": lambda self, number: number})()


def use_library(number: int) -> int:
    return LIBRARY.Frame().total() + number


def add_up(number: int) -> int:
    return sum(range(number))


def use_through(number: int) -> int:
    return use_library(number)


def import_library(number: int) -> int:
    import lance

    return int(lance.Frame().total()) + number


def use_gpu(number: int) -> object:
    return TENSORS.cuda.is_initialized()


def use_model(number: int) -> int:
    return int(MODEL.predict(number))


@pytest.mark.parametrize(
    ("function", "name", "resource", "through"),
    [
        (use_library, "lance", "library with threads", ""),
        (use_through, "lance", "library with threads", "use_library"),
        (use_gpu, "torch", "GPU context", ""),
        (use_model, "sklearn", "native thread pool", ""),
    ],
)
def test_libraries_that_must_not_be_forked_are_found(
    function: Callable[[int], object], name: str, resource: str, through: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (LIBRARY, TENSORS, ModuleType("sklearn")):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    [touch] = TouchedObjects(function).touches()
    assert (touch.name, touch.kind, touch.resource, touch.through) == (name, "library", resource, through)
    assert (touch.threads, touch.fork, touch.spawn) == ("safe", "unsafe", "safe")
    assert in_use((touch,), 4.0) == (touch,)
    assert in_use((touch,), 1.0) == (() if resource == "native thread pool" else (touch,))
    advice = _advice(_profile(touch))
    assert "start processes with spawn" in advice.warnings[0].text
    assert advice.alternatives[0].start_method == "spawn"


@pytest.mark.parametrize("name", ["lance", "torch", "sklearn"])
def test_a_library_that_the_call_does_not_use_is_no_reason(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is loaded, and the module names it, but the function does not."""
    monkeypatch.setitem(sys.modules, name, ModuleType(name))
    assert TouchedObjects(add_up).touches() == ()


def test_what_the_call_imports_itself_is_no_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each worker makes the import for itself."""
    monkeypatch.delitem(sys.modules, "lance", raising=False)
    touched = TouchedObjects(import_library)
    monkeypatch.setitem(sys.modules, "lance", LIBRARY)
    import_library(1)
    assert touched.touches() == ()


MEMORY = sqlite3.connect(":memory:")
MEMORY.execute("CREATE TABLE rows (number)")
MEMORY.commit()
IN_FILE = sqlite3.connect(Path(tempfile.mkdtemp()) / "rows.db")
IN_FILE.executescript("CREATE TABLE rows (id, number); INSERT INTO rows VALUES (1, 0)")
SYSTEM_SEED, FIXED_SEED = np.random.default_rng(), np.random.default_rng(1)
SOURCE = Path(__file__).open()  # noqa: SIM115
SERVER = socket.socket()
THREADS = ThreadPoolExecutor(2)  # neither starts workers before it is used
WORKERS = ProcessPoolExecutor(2)


class DataFile:
    """Stands for h5py's File."""

    __module__ = "h5py._hl.base"
    __qualname__ = "HLObject"

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self.file = self


READ, WRITTEN = DataFile("r"), DataFile("r+")


def insert(number: int) -> None:
    MEMORY.execute("INSERT INTO rows VALUES (?)", (number,))
    MEMORY.commit()


def select(number: int) -> object:
    return MEMORY.execute("SELECT max(number) FROM rows").fetchone()


def insert_in_file(number: int) -> None:
    with IN_FILE:
        IN_FILE.execute("INSERT INTO rows VALUES (?, 1)", (number,))


def count_in_file(number: int) -> None:
    (before,) = IN_FILE.execute("SELECT number FROM rows").fetchone()
    with IN_FILE:
        IN_FILE.execute("UPDATE rows SET number = ?", (before + 1,))


def add_in_file(number: int) -> None:
    with IN_FILE:
        IN_FILE.execute("UPDATE rows SET number = number + 1")


def fill_in_row(number: int) -> None:
    (before,) = IN_FILE.execute("SELECT number FROM rows WHERE id = ?", (number,)).fetchone()
    with IN_FILE:
        IN_FILE.execute("UPDATE rows SET number = ? WHERE id = ?", (before + 1, number))
        IN_FILE.execute(f"UPDATE rows SET number = {before + 1} WHERE id = {number}")


def draw_system(number: int) -> float:
    return SYSTEM_SEED.random()


def draw_fixed(number: int) -> float:
    return FIXED_SEED.random()


def seek_and_read(number: int) -> str:
    SOURCE.seek(number)
    return SOURCE.read(1)


def read_next(number: int) -> str:
    return SOURCE.readline()


def submit(number: int) -> object:
    return THREADS.submit(abs, number).result()


def submit_to_processes(number: int) -> object:
    return WORKERS.submit(abs, number).result()


def accept(number: int) -> object:
    return SERVER.accept()


@pytest.mark.parametrize(
    ("function", "spawn", "called"),
    [
        (insert, "unsafe", True),
        (select, "safe", True),
        (insert_in_file, "safe", True),
        (count_in_file, "unsafe", True),
        (add_in_file, "safe", True),
        (fill_in_row, "safe", True),
        (draw_system, "safe", True),
        (draw_fixed, "unsafe", True),
        (seek_and_read, "safe", True),
        (read_next, "unsafe", True),
        (accept, "caution", False),
        (submit, "safe", False),
        (submit_to_processes, "unsafe", False),
        (lambda number: READ[number], "safe", False),
        (lambda number: WRITTEN[number], "unsafe", False),
    ],
)
def test_how_safe_it_is_to_make_an_object_anew(function: Callable[[int], object], spawn: str, called: bool) -> None:
    touched = TouchedObjects(function)
    if called:
        function(1)
    [touch] = touched.touches()
    assert (touch.fork, touch.spawn) == ("unsafe", spawn)
    [processes] = [row for row in _advice(_profile(touch)).alternatives if row.strategy == "multiprocessing"]
    assert processes.feasible == (spawn == "safe")


def test_workers_that_write_to_one_database_are_warned_of_waiting() -> None:
    """The rows arrive, one worker at a time; a time-out ends in an error, which the loop never has."""
    touched = TouchedObjects(insert_in_file)
    insert_in_file(1)
    advice = _advice(_profile(*touched.touches()))
    assert "“database is locked”" in " ".join(pitfall.text for pitfall in advice.warnings)


@pytest.fixture(scope="module", autouse=True)
def close() -> Iterator[None]:
    yield
    for thing in (MEMORY, IN_FILE, SOURCE, SERVER):
        thing.close()


def _module(folder: Path) -> Profile:
    """Write a module that reads from an archive opened at import, and return its profile."""
    with zipfile.ZipFile(folder / "parts.zip", "w") as archive:
        for number in range(8):
            archive.writestr(str(number), str(number) * 30_000)
    (folder / "parts.py").write_text(
        f"import zipfile\nARCHIVE = zipfile.ZipFile({str(folder / 'parts.zip')!r})\n\n\n"
        "def size(number):\n    return sum(map(int, ARCHIVE.read(str(number)).decode()))\n\n\n"
        "def numbers():\n    return list(range(8)) * 25\n"
    )
    return _profile(ARCHIVE).model_copy(update={"target": "parts:size", "reached": "name"})


@pytest.mark.slow
def test_generated_code_and_trials_give_the_results_of_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = _module(tmp_path)
    monkeypatch.chdir(tmp_path)
    host = unmeasured_machine().model_copy(update={"start_method": "fork", "cores": 2})
    code = snippet(SnippetRequest("multiprocessing", 2, 5, profile, host, inputs="parts:numbers"))
    assert "get_context" in code
    code = code.replace('print(f"{len(results)} results")', "print(results == [int(n) * 30_000 for n in inputs])")
    (tmp_path / "job.py").write_text(code)
    ran = subprocess.run(
        [sys.executable, "job.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.stdout == "True\n", ran.stderr
    chosen = leaders(estimate(profile, Job(calls=20), host))["multiprocessing"]
    assert chosen.start_method == "spawn"
    (tmp_path / "inputs.jsonl").write_text("".join(f"{number}\n" for number in range(8)))
    subject = TrialJob("parts:size", "inputs.jsonl", profile, Job(calls=20), host)
    trials = run_trials(subject, [chosen], seconds=1.0, timeout=60)
    [processes] = [trial for trial in trials if trial.strategy == "multiprocessing"]
    assert (processes.failure, processes.results) == (None, "equal")
