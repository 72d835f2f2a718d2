"""The program, commands and output in docs/survey.md are real."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import ROOT
from tests.test_survey_command import environment

PAGE = (ROOT / "docs/survey.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
(SCRIPT,) = (text for language, text in BLOCKS if language == "python")
(REPORT,) = (text for language, text in BLOCKS if language == "text")
COMMANDS = [line[2:] for language, text in BLOCKS if language == "console" for line in text.splitlines()]


def without_figures(report: str) -> list[str]:
    """Return the lines about the first loop, the obstacles and the change, in which no time occurs."""
    kept = r"1\.  |    for order|    Obstacle|  [-+]"
    return [line for line in report.splitlines() if re.match(kept, line)]


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("patch"), reason="needs patch")
def test_the_commands_do_what_the_page_shows(tmp_path: Path) -> None:
    """The survey names the same loop, obstacles and change; the patched program prints the same.

    On a host that is too busy to tell threads from processes, the survey gets two more chances.
    """
    for attempt in range(3):
        folder = tmp_path / str(attempt)
        (folder / "temporary").mkdir(parents=True)
        printed = follow_the_page(folder)
        if without_figures(printed[0].stderr) == without_figures(REPORT):
            break
    assert without_figures(printed[0].stderr) == without_figures(REPORT)
    assert printed[0].stdout == printed[2].stdout != ""
    assert "orders.py:13" in (folder / "survey.html").read_text()


def follow_the_page(folder: Path) -> list[subprocess.CompletedProcess[str]]:
    """Run the page's commands on its script."""
    (folder / "orders.py").write_text(SCRIPT)
    printed = []
    for command in COMMANDS:
        words = re.sub(r"^advise", f"{sys.executable} -m advisor", command)
        words = re.sub(r"^python", sys.executable, words)
        done = subprocess.run(
            words, shell=True, cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=100
        )
        assert done.returncode == 0, done.stderr
        printed.append(done)
    return printed


def test_every_option_is_on_the_page() -> None:
    """The table has the options that the help lists."""
    from advisor.cli.survey import survey

    named = {option.opts[0] for option in survey.params if option.param_type_name == "option"}
    assert named == {re.match(r"\S+", cell)[0] for cell in re.findall(r"^\| `(-.*?)` \|", PAGE, re.MULTILINE)}  # type: ignore[index]
