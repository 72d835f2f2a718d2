"""What the tests of the command line share: a project with targets, and ways to run `advise` in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from advisor.cli.main import main

ROOT = Path(__file__).parent.parent
FAST = ("--budget", "0.05")
TARGETS = r"""
import os
import sys
import time


def wait():
    time.sleep(0.005)


def double(number):
    print("the target talks")
    print("and complains", file=sys.stderr)
    os.write(1, b"even on the raw descriptor\n")
    return 2 * int(number)


def numbers():
    yield from range(30)


def fail(number):
    print("before it fails")
    return deeper(number)


def deeper(number):
    raise ValueError(f"no such thing as {number}")


def hang():
    with open("hanging.pid", "w") as file:
        file.write(str(os.getpid()))
    os.rename("hanging.pid", "hanging")
    time.sleep(600)
"""


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return one cache directory for all tests, so that this host is measured only once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> Path:
    """Create a directory with a module of targets, and make it the current one."""
    (tmp_path / "work.py").write_text(TARGETS)
    (tmp_path / "numbers.txt").write_text("".join(f"{number}\n" for number in range(20)))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def run(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run `advise` in a process of its own."""
    command = [sys.executable, "-m", "advisor", *arguments]
    return subprocess.run(command, capture_output=True, text=True, input=text, timeout=60)


def error_line(capfd: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return the one line on standard error of a wrong command line."""
    assert main(arguments) == 2
    output = capfd.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    return output.err.removesuffix("\n")
