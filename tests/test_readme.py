"""The commands and examples in README.md work as shown."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from advisor.service import create_app

ROOT = Path(__file__).parent.parent
TOUR = ROOT / "docs/tour.ipynb"
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
MODULE, SCRIPT = (text for language, text in BLOCKS if language == "python")
REPORT = next(text for language, text in BLOCKS if language == "text")
CONSOLE = "".join(text for language, text in BLOCKS if language == "console")
EXAMPLE, *COMMANDS, SURVEY = [
    shlex.split(line[2:], comments=True) for line in CONSOLE.splitlines() if line.startswith("$ ")
]
SHORT = ["--budget", "0.2", "--calls", "20"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder that contains the README's module."""
    (tmp_path / "jobs.py").write_text(MODULE)
    return tmp_path


def run(arguments: list[str], folder: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=100
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    COMMANDS,
    ids=" ".join,
)
def test_every_command_runs(command: list[str], folder: Path) -> None:
    """Each command succeeds in the folder of the module, here with a small budget and few calls."""
    program, *arguments = command
    assert program == "advise"
    measures = ":" in arguments[0]
    assert run(["-m", "advisor", *arguments, *(SHORT if measures else ())], folder)


def test_the_report_looks_as_shown(folder: Path) -> None:
    """A new report on the example has the headings and strategies of the one in the README."""
    output = run(["-m", "advisor", *EXAMPLE[1:], *SHORT], folder)
    headings = ("\\w+ with \\d+ workers: ", "Where a call's time goes", "  Strategy ", "Why", "Confidence ", "Code ")
    for report in (REPORT, output):
        assert [name for name in headings if re.search(f"^{name}", report, re.MULTILINE)] == [*headings]
        assert {"multiprocessing", "threading", "sequential"} <= set(re.findall(r"^[▸ ] (\w+)", report, re.MULTILINE))


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("patch"), reason="needs patch")
def test_the_survey_looks_as_shown(folder: Path) -> None:
    """A survey of the tour's script names the loop that the README shows, and its patch applies."""
    cells = {cell["id"]: "".join(cell["source"]) for cell in json.loads(TOUR.read_text(encoding="utf-8"))["cells"]}
    (folder / SURVEY[-3]).write_text(cells["script-file"].partition("\n")[2])
    (folder / "exports.py").write_text(f"{cells['imports']}\n{cells['script-data']}")
    run(["exports.py"], folder)
    shown = CONSOLE.partition(shlex.join(SURVEY))[2].splitlines()
    assert run(["-m", "advisor", "survey", "--cores", "8", *SURVEY[2:]], folder).endswith(" dropped\n")
    source = (folder / SURVEY[-3]).read_text().splitlines()
    place = next(line for line in shown if line.startswith("1. "))
    number = int(re.search(r":(\d+) in main$", place)[1])  # type: ignore[index]
    assert source[number - 1].strip() == shown[shown.index(place) + 1].strip()
    subprocess.run(["patch", "-p0", "-s", "-i", "faster.patch"], cwd=folder, check=True)
    assert f"-{source[number - 1]}\n" in (folder / "faster.patch").read_text()
    assert run([*SURVEY[-3:-1], "patched"], folder) == run([*SURVEY[-3:-1], "again"], folder)


@pytest.mark.slow
def test_the_script_runs(folder: Path) -> None:
    """The example of the Python interface runs."""
    (folder / "script.py").write_text(SCRIPT)
    assert "holds the GIL for" in run(["script.py"], folder)


def test_the_request_is_answered() -> None:
    """The service accepts the body of the curl command."""
    body = re.search(r"-d '(.*)'", README)
    assert body
    response = create_app().test_client().post("/v1/advice", json=json.loads(body[1]))
    assert response.status_code == 200
    assert response.get_json()["recommendation"] == "threading"


def test_what_is_named_exists() -> None:
    """The make targets, extras and files that the README names are there."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"(?:`|^    )make ([\w-]+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    others = re.findall(r"`(\w+)`", README.split("Extras:")[1].split("\n\n")[0])
    assert {*re.findall(r"workload-advisor\[(\w+)\]", README), *others} <= set(extras)
    for path in re.findall(r"\]\(([^):]+)\)", README):
        assert (ROOT / path).exists(), path
    assert len(README.splitlines()) <= 160
