"""A module of targets for tests of `advise run`, and short ways to run it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from advisor.cli.main import main

MODULE = r"""
import datetime
import itertools
import os
import sys
import time


def double(number):
    return 2 * int(number)


def wait(number):
    time.sleep(0.004)
    return int(number)


def spin(number):
    began = time.perf_counter()
    while time.perf_counter() - began < 0.01:
        pass
    return int(number)


def hang(number):
    if int(number) == 3:
        time.sleep(600)
    return int(number)


def talk(number):
    print("the target talks")
    os.write(1, b"even on the raw descriptor\n")
    time.sleep(0.002)
    return sys.stdin.read()


def pick(number):
    if int(number) % 10 == 3:
        raise ValueError(f"no {number}")
    return int(number)


def need_file(number):
    if int(number) == 3 and not os.path.exists("there"):
        raise FileNotFoundError("there")
    return int(number)


def when(number):
    return {"at": [datetime.datetime.now()]} if int(number) == 2 else number


VALUES = {
    "nan": float("nan"), "key": {1: 2}, "bytes": b"", "set": [{1}], "tuple": (1, "a"), "surrogate": "\ud800",
    "nested": {"a": [None, True, 1.5, "ä"]},
}


def value(name):
    return VALUES[name]


def numbers():
    yield from itertools.count()
"""


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create a folder with a module of targets and a file of inputs, and make it the current one."""
    (tmp_path / "job.py").write_text(MODULE)
    (tmp_path / "inputs.txt").write_text("".join(f"{number}\n" for number in range(200)))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent.parent))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "advisor", "run", *arguments]


def run(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run `advise run` in a process of its own."""
    return subprocess.run(command(*arguments), capture_output=True, text=True, input=text, timeout=60)


def lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


def results(numbers: Sequence[int]) -> list[Any]:
    return [{"index": number, "result": number} for number in numbers]


def error_line(capfd: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return the one line on standard error of a wrong command line."""
    assert main(["run", *arguments]) == 2
    output = capfd.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    return output.err.removesuffix("\n")
