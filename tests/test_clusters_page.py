"""The module and the commands in docs/clusters.md are real."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.clusters import await_port, end_program, free_port, start_program
from tests.command_line import ROOT, cache, project, run

__all__ = ["cache", "project"]  # fixtures

PAGE = (ROOT / "docs/clusters.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
COMMANDS = [line.removeprefix("$ ") for language, text in BLOCKS if language == "console" for line in text.splitlines()]


@contextmanager
def running(command: list[str], log: Path) -> Iterator[None]:
    """Run a command of Dask until the block ends."""
    program = start_program([sys.executable, "-m", "dask", *command[1:], "--no-dashboard"], log)
    try:
        yield
    finally:
        end_program(program, signal.SIGTERM)


@pytest.mark.slow
def test_the_five_commands_do_the_job(project: Path, tmp_path: Path) -> None:
    """A cluster of two processes is started, considered and used, by the commands of the page."""
    pytest.importorskip("distributed", reason="distributed is not installed")
    for language, text in BLOCKS:
        if language == "python":
            (project / text.split("\n", 1)[0].removeprefix("# ")).write_text(text)
    assert len(COMMANDS) == 5
    port = free_port()
    _, scheduler, workers, advise, job = (shlex.split(each.replace("8786", str(port))) for each in COMMANDS)
    with running(scheduler, tmp_path / "scheduler.log"):
        await_port(port)
        with running(workers, tmp_path / "workers.log"):
            advised = run(*advise[1:], "--json")
            assert advised.returncode == 0, advised.stderr
            strategies = {each["strategy"] for each in json.loads(advised.stdout)["alternatives"]}
            assert "cluster" in strategies
            done = run(*job[1:])
            assert done.returncode == 0, done.stderr
            assert len((project / "prints.jsonl").read_text().splitlines()) == 400
            address = {"DASK_SCHEDULER_ADDRESS": f"tcp://127.0.0.1:{port}"}
            script = subprocess.run(
                [sys.executable, "job.py"], capture_output=True, text=True, timeout=60, env={**os.environ, **address}
            )
            assert script.returncode == 0, script.stderr
            assert script.stdout.startswith("400 ")
