"""Advice on calls that write what they share: a short search with --verify, the command without it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from advisor.api import advise_target
from advisor.interleaving import short_search
from advisor.models import Advice

pytestmark = [pytest.mark.timeout(120), pytest.mark.slow]

WORK = """\
import time

total = 0


def add(n):
    global total
    before = total
    time.sleep(0.005)
    total = before + len(n)
    return n


def fetch(n):
    time.sleep(0.005)
    return n
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "work.py").write_text(WORK)
    (tmp_path / "names.txt").write_text("".join(f"name {number}\n" for number in range(20)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def warnings_of(advice: Advice) -> dict[str, str]:
    return {warning.code: warning.text for warning in advice.warnings}


def test_without_a_trial_the_command_is_named(folder: Path) -> None:
    """The command has the target and its inputs."""
    warnings = warnings_of(advise_target("work:add", inputs="names.txt", budget=0.5))
    assert "`advise races work:add --inputs names.txt`" in warnings["race-unchecked"]
    assert "race-found" not in warnings


def test_with_a_trial_the_lines_of_a_race_are_quoted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads are not recommended here, but would be if the calls did not share the total."""
    monkeypatch.setattr(short_search, "SECONDS", 20.0)  # for a busy host; the search ends with the first race
    warnings = warnings_of(advise_target("work:add", inputs="names.txt", budget=0.5, verify=True))
    assert "race-unchecked" not in warnings
    assert "call 1 runs work.py:8 `before = total`; call 2 runs work.py:8 `before = total`" in warnings["race-found"]
    assert "instead of total = 12" in warnings["race-found"]


def test_nothing_is_searched_where_no_shared_write_was_seen(folder: Path) -> None:
    """Advice is as fast as before: the search is not even imported."""
    code = (
        "import sys; from advisor.api import advise_target\n"
        "advice = advise_target('work:fetch', inputs='names.txt', budget=0.5, verify=True)\n"
        "assert advice.recommendation == 'threading', advice.summary\n"
        "assert not [w for w in advice.warnings if w.code.startswith('race')]\n"
        "assert not [name for name in sys.modules if name.startswith('advisor.interleaving')]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
