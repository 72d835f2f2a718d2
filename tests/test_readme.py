"""README's commands and examples do what it says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
MODULE = next(code for language, code in BLOCKS if language == "python" and code.startswith("# jobs.py"))
SCRIPT = next(code for language, code in BLOCKS if language == "python" and not code.startswith("# jobs.py"))
LINES = [line for language, code in BLOCKS if language == "console" for line in code.splitlines()]
COMMANDS = [line[2:] for line in LINES if line.startswith("$ ")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with README's module in it."""
    (tmp_path / "jobs.py").write_text(MODULE)
    return tmp_path


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=100)


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_runs(line: str, folder: Path) -> None:
    """As it stands, from the folder of README's module."""
    command = shlex.split(line, comments=True)
    assert command[0] == "advise"
    done = run([sys.executable, "-m", "advisor", *command[1:]], folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_the_strategies_are_those_that_readme_says(folder: Path) -> None:
    """Pure Python does not go to threads, hashing and waiting do."""
    said = {
        name: run([sys.executable, "-m", "advisor", f"jobs:{name}", "--budget", "1", "--calls", "1000"], folder).stdout
        for name in ("simulate", "fingerprint", "fetch")
    }
    assert not said["simulate"].startswith("Threading")
    assert not said["fingerprint"].startswith("Multiprocessing")
    assert said["fetch"].startswith("Threading")


def test_the_script_runs(folder: Path) -> None:
    """The Python interface, as README shows it."""
    (folder / "script.py").write_text(SCRIPT)
    done = run([sys.executable, "script.py"], folder)
    assert done.returncode == 0, done.stderr
    assert "holds the GIL for" in done.stdout


def test_the_extras_and_targets_named_exist() -> None:
    """`make demo`, `make test` and every benchmark that README quotes are there."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"(?:`|^    )make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
    for module in re.findall(r"python -m (benchmarks\.\w+)", README):
        assert (ROOT / f"{module.replace('.', '/')}.py").exists()
