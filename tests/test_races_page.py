"""The module, commands and outputs in docs/races.md are real."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import ROOT, cache, project, run

__all__ = ["cache", "project"]  # fixtures

PAGE = (ROOT / "docs/races.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
SCRIPTS = [text for language, text in BLOCKS if language == "python"]
COMMANDS = [text.removeprefix("$ advise ").strip() for language, text in BLOCKS if language == "console"]
OUTPUTS = [text for language, text in BLOCKS if language == "text"]
FIGURES = re.compile(
    r"[\d,.]+ (?:interleavings?|random ones(?:, until nothing new came out)?|ms|s)\b|CPython \S+|[\d.]+×|--replay \d+"
)


@pytest.fixture
def folder(project: Path) -> Path:
    """Return a folder that contains the page's modules."""
    for text in SCRIPTS:
        (project / text.split("\n", 1)[0].removeprefix("# ")).write_text(text)
    return project


def without_figures(text: str) -> str:
    """Return a report without the figures that differ from run to run, on one line."""
    return " ".join(FIGURES.sub("", " ".join(text.split())).split())


@pytest.mark.slow
@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the page shows what the oldest interpreter does")
def test_the_commands_print_what_the_page_shows(folder: Path) -> None:
    """The reports are those of the page, but for their figures; the command at the end shows the finding again."""
    lost, silent = run(*shlex.split(COMMANDS[0])), run(*shlex.split(COMMANDS[2]))
    words = shlex.split(lost.stdout.strip().splitlines()[-1])
    again = run(*words[words.index("races") :])
    assert [lost.returncode, again.returncode, silent.returncode] == [3, 3, 0], lost.stderr + again.stderr
    assert without_figures(lost.stdout) == without_figures(OUTPUTS[0])
    assert without_figures(silent.stdout) == without_figures(OUTPUTS[1])
    assert lost.stdout.split("\n\n")[1] == again.stdout.split("\n\n")[1]


@pytest.mark.slow
def test_the_script_runs(folder: Path) -> None:
    """The example of the Python interface finds the race."""
    done = subprocess.run([sys.executable, "check.py"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("race balance = ")
