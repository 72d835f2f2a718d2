"""Loops that are rewritten to run concurrently: the programs print the same as before."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from advisor.survey.dependence import static_dependence
from advisor.survey.extraction import Rewrite, attempt
from advisor.survey.facts import Dependence
from tests.survey_programs import HEAD, PROGRAMS
from tests.test_survey_dependence import marked_loop

ROOT = Path(__file__).parents[1]


def rewritten(source: str, file: str = "program.py", form: str = "map", strategy: str = "threading") -> Rewrite | str:
    """Return the rewrite of the marked loop for the verdict that the source alone gives, or the reason for none."""
    loop = marked_loop(source, file)
    static = static_dependence(source, file, loop)
    verdict = Dependence(static.independence, "", static.obstacles, static.variables)
    return attempt(source, file, loop, verdict, form=form, strategy=strategy, workers=2)


def output(path: Path) -> str:
    """Return what a program prints."""
    done = subprocess.run(
        [sys.executable, path.name],
        cwd=path.parent,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "PYTHONHASHSEED": "0", "PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("form", "strategy"), [("executor", "threading"), ("map", "multiprocessing")])
@pytest.mark.parametrize("name", PROGRAMS)
def test_same_output(name, form, strategy, tmp_path):
    """The patched program prints exactly what the program does."""
    path = tmp_path / "program.py"
    path.write_text(HEAD + PROGRAMS[name])
    before = output(path)
    rewrite = rewritten(HEAD + PROGRAMS[name], form=form, strategy=strategy)
    assert isinstance(rewrite, Rewrite), rewrite
    if shutil.which("patch"):
        subprocess.run(["patch", "-p0", "-s"], input=rewrite.patch, cwd=tmp_path, text=True, check=True)
        assert path.read_text() == rewrite.new_source
    path.write_text(rewrite.new_source)
    assert output(path) == before
    assert ("advisor.map" if form == "map" else "pool.map") in rewrite.snippet
