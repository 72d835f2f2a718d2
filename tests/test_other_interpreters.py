"""advisor on free-threaded interpreters and on those with subinterpreters: see docs/other-interpreters.md."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from advisor.models import Machine

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parent.parent
NAMES = ("python3.13t", "python3.14t", "python3.15t", "python3.14", "python3.15")
KINDS = {
    "free-threaded": "a free-threaded interpreter (3.13t or later)",
    "with-subinterpreters": "an interpreter with pools of subinterpreters (3.14 or later)",
}
PROBE = """
import json, sys, sysconfig
import click, platformdirs, psutil, pydantic, rich
print(json.dumps({
    "free-threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")) and not sys._is_gil_enabled(),
    "with-subinterpreters": sys.version_info >= (3, 14),
}))
"""
MODULE = """
import time

def compute():
    total = 0
    for number in range(20_000):
        total += number * number % 7
    return total

def pause():
    time.sleep(0.01)
"""
EXTENSION = """
#include <Python.h>
static struct PyModuleDef needs_gil = {PyModuleDef_HEAD_INIT, "needs_gil"};
PyMODINIT_FUNC PyInit_needs_gil(void) { return PyModule_Create(&needs_gil); }
"""


def candidates() -> list[str]:
    """Return the interpreters to try: those of ADVISOR_TEST_PYTHONS, or this one, those on PATH and pyenv's."""
    listed = os.environ.get("ADVISOR_TEST_PYTHONS")
    if listed:
        return [path for path in listed.split(os.pathsep) if path]
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    on_path = [path for path in map(shutil.which, NAMES) if path]
    return [sys.executable, *on_path, *(str(path / "bin" / "python") for path in sorted(versions.glob("3.1[3-9]*")))]


@cache
def usable_interpreters() -> dict[str, tuple[str, ...]]:
    """Return the interpreters of each kind that have the dependencies of advisor."""
    kinds: dict[str, tuple[str, ...]] = dict.fromkeys(KINDS, ())
    for path in candidates():
        try:
            probe = subprocess.run([path, "-c", PROBE], capture_output=True, text=True, timeout=60)
        except OSError:
            continue  # listed, but not installed
        if probe.returncode == 0:
            for kind, matches in json.loads(probe.stdout).items():
                kinds[kind] += (path,) * matches
    return kinds


def interpreters(kind: str) -> tuple[str, ...]:
    """Return all interpreters of a kind; skip the test if there is none."""
    if not usable_interpreters()[kind]:
        pytest.skip(f"{KINDS[kind]} with advisor's dependencies was not found: see docs/other-interpreters.md")
    return usable_interpreters()[kind]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a module to measure."""
    (tmp_path / "work.py").write_text(MODULE, encoding="utf-8")
    return tmp_path


def run(python: str, folder: Path, *arguments: str) -> Any:
    """Run an interpreter in the folder, with a cache of its own, and return the JSON that it prints."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "XDG_CACHE_HOME": str(folder / "cache")}
    done = subprocess.run(
        [python, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def run_program(python: str, folder: Path, code: str) -> Any:
    """Run a script, which the workers of pools can import, and return the JSON that it prints."""
    (folder / "program.py").write_text(code, encoding="utf-8")
    return run(python, folder, "program.py")


def advise(python: str, folder: Path, *arguments: str) -> Any:
    """Return the advice of the command line."""
    return run(python, folder, "-m", "advisor", *arguments, "--json")


def build_extension(python: str, folder: Path) -> None:
    """Build an extension module that does not declare that it works without a GIL; skip the test without a compiler."""
    compiler = shutil.which("cc")
    headers = run(python, folder, "-c", "import json, sysconfig; print(json.dumps(sysconfig.get_path('include')))")
    if compiler is None or not Path(headers, "Python.h").exists():
        pytest.skip(f"no C compiler, or no headers of {python}")
    (folder / "needs_gil.c").write_text(EXTENSION, encoding="utf-8")
    command = [compiler, "-shared", "-fPIC", f"-I{headers}", "needs_gil.c", "-o", "needs_gil.so"]
    subprocess.run(command, cwd=folder, check=True, timeout=60)


def test_a_profile_without_a_gil_says_so(folder: Path) -> None:
    """All computing is free of the GIL, and no source is named for its measurement."""
    for python in interpreters("free-threaded"):
        profile = advise(python, folder, "work.py:compute", "--budget", "1")["profile"]
        assert profile["python"]["free_threaded"], python
        assert (profile["gil_held"], profile["gil_source"], profile["gil_blocked"]) == (0.0, None, None)
        assert profile["gil_free"] > 0.5 * profile["wall"]


def test_threads_use_all_cores_without_a_gil(folder: Path) -> None:
    """Pure Python is predicted to gain from threads what there are cores for."""
    for python in interpreters("free-threaded"):
        advice = advise(python, folder, "work.py:compute", "--budget", "1", "--calls", "100000", "--cores", "8")
        assert advice["machine"]["python"]["free_threaded"], python
        threads = next(estimate for estimate in advice["alternatives"] if estimate["strategy"] == "threading")
        assert threads["speedup"]["expected"] > 4
        assert "GIL" not in threads["why"]


def test_a_target_that_enables_the_gil_again_is_advised_with_one(folder: Path) -> None:
    """The process of the target counts, not that of the command line."""
    (folder / "old.py").write_text("import needs_gil\n" + MODULE, encoding="utf-8")
    for python in interpreters("free-threaded"):
        build_extension(python, folder)
        advice = advise(python, folder, "old.py:compute", "--budget", "1")
        assert not advice["machine"]["python"]["free_threaded"], python
        assert advice["profile"]["gil_held"] > 0.5 * advice["profile"]["wall"]
        threads = next(estimate for estimate in advice["alternatives"] if estimate["strategy"] == "threading")
        assert threads["speedup"]["expected"] < 1.2


def test_the_costs_of_subinterpreters_are_measured(folder: Path) -> None:
    """Given enough time, they are those of this host."""
    code = (
        "import json\n"
        "from advisor.host.machine import this_machine\n"
        "if __name__ == '__main__':\n"
        "    print(this_machine(seconds=15).model_dump_json())\n"
    )
    for python in interpreters("with-subinterpreters"):
        machine = run_program(python, folder, code)
        for cost in ("interpreter_start", "interpreter_task"):
            assert machine[cost] not in (None, getattr(Machine(), cost)), python


def test_a_trial_runs_in_subinterpreters(folder: Path) -> None:
    """The module of the target is in the working directory, which only the command line has put on the path."""
    for python in interpreters("with-subinterpreters"):
        advice = advise(python, folder, "work.py:compute", "--budget", "1", "--calls", "3000", "--verify")
        assert [trial["failure"] for trial in advice["verification"] if trial["strategy"] == "interpreters"] == [None]


def test_subinterpreters_are_predicted_to_overlap_waits(folder: Path) -> None:
    """They are weighed for a function that waits, too."""
    for python in interpreters("with-subinterpreters"):
        advice = advise(python, folder, "work.py:pause", "--budget", "1")
        estimate = next(one for one in advice["alternatives"] if one["strategy"] == "interpreters")
        assert estimate["speedup"]["expected"] > 1, python


def test_subinterpreters_are_offered_where_the_target_works_in_one(folder: Path) -> None:
    """It is tried while measuring; many extension modules cannot be imported in a subinterpreter."""
    refusing = "import readline\nfrom work import compute\n\ndef use():\n    return compute()\n"
    (folder / "refusing.py").write_text(refusing, encoding="utf-8")
    for python in interpreters("with-subinterpreters"):
        for target, reason in (("work:compute", None), ("refusing:use", "readline cannot be imported in")):
            advice = advise(python, folder, target, "--budget", "1")
            estimate = next(one for one in advice["alternatives"] if one["strategy"] == "interpreters")
            assert estimate["feasible"] is (reason is None), python
            assert reason is None or estimate["why"].startswith(reason), python
            assert advice["profile"]["interpreters"] == {
                "called": reason is None,
                "failure": None if reason is None else estimate["why"],
            }


def test_subinterpreters_find_modules_where_the_program_does(folder: Path) -> None:
    """A folder that the program adds to sys.path is on theirs too."""
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    (folder / "work.py").rename(elsewhere / "work.py")
    code = (
        "import json, sys\n"
        f"sys.path.insert(0, {str(elsewhere)!r})\n"
        "import work\n"
        "from advisor.run.executors import open_executor\n"
        "if __name__ == '__main__':\n"
        "    with open_executor('interpreters', 2) as pool:\n"
        "        results = [future.result() for future in [pool.submit(work.compute) for _ in range(8)]]\n"
        "    print(json.dumps(set(results) == {work.compute()}))\n"
    )
    for python in interpreters("with-subinterpreters"):
        assert run_program(python, folder, code) is True, python


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork server")
def test_the_cost_of_a_pool_includes_its_fork_server(folder: Path) -> None:
    """On 3.14 the first pool of a program starts a fork server, so each pool that is timed starts its own."""
    code = (
        "import json, os\n"
        "from advisor.host.probes import Host\n"
        "if __name__ == '__main__':\n"
        "    servers = []\n"
        "    for _ in range(2):\n"
        "        with Host(2, 'forkserver').pool(1) as pool:\n"
        "            servers.append(pool.submit(os.getppid).result())\n"
        "    print(json.dumps(len(set(servers))))\n"
    )
    for python in {sys.executable, *usable_interpreters()["with-subinterpreters"]}:
        assert run_program(python, folder, code) == 2, python
