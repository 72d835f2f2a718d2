"""`advise races`, used as a person or a script uses it: real searches in real processes."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

import advisor
from advisor.cli.main import main
from advisor.models import RaceReport
from tests.command_line import cache, error_line, project, run

__all__ = ["cache", "project"]  # fixtures

Output = pytest.CaptureFixture[str]
SHORT = ("--seconds", "3")
BANK = """
import os
import threading
import time

balance = 0.0
lock = threading.Lock()
first, second = threading.Lock(), threading.Lock()


def deposit(amount):
    global balance
    balance = round(balance + amount, 2)


def deposit_safely(amount):
    global balance
    with lock:
        balance = round(balance + amount, 2)


def amounts():
    return [5.0, 7.0]


def transfer(backwards):
    with second if backwards else first:
        with first if backwards else second:
            return backwards


def fail(amount):
    raise ValueError(f"no account for {amount}")


def hang(amount):
    with open("hanging.pid", "w") as file:
        file.write(str(os.getpid()))
    os.rename("hanging.pid", "hanging")
    time.sleep(600)
"""


@pytest.fixture
def bank(project: Path) -> Path:
    """Add a module whose calls race to the project."""
    (project / "bank.py").write_text(BANK)
    return project


def searched(capfd: Output, *arguments: str, status: int) -> RaceReport:
    """Search with --json, and return the report."""
    assert main(["races", *arguments, *SHORT, "--json"]) == status
    output = capfd.readouterr()
    assert output.err == ""
    return RaceReport.model_validate_json(output.out)


def test_a_lost_update_is_shown_line_by_line(bank: Path, capfd: Output) -> None:
    """The text has the verdict, a column for each call with its line and values, and what came out; the status is 3."""
    assert main(["races", "bank:deposit", "--inputs", "bank:amounts", *SHORT]) == 3
    output = capfd.readouterr()
    assert output.err == ""
    lines = output.out.splitlines()
    assert lines[0] == "Race: 2 calls of bank:deposit at once can lose an update"
    code = "balance = round(balance + amount, 2)"
    assert re.search(rf"^\d+ {re.escape(code[:20])}", output.out, re.MULTILINE)
    assert re.search(rf"│ \d+ {re.escape(code[:20])}", output.out)
    assert re.search(r"reads balance = 0\.0", output.out)
    assert re.search(r"^Came out .*[57]\.0", output.out, re.MULTILINE)
    assert re.search(r"^Expected .*12\.0", output.out, re.MULTILINE)
    assert "\x1b" not in output.out
    assert all(len(line) <= 80 for line in lines)


@pytest.mark.slow
def test_the_seed_of_a_finding_shows_it_again(bank: Path, capfd: Output) -> None:
    """With --replay, the same interleaving is run again."""
    question = ("bank:deposit", "--inputs", "bank:amounts", "--no-fix")
    found = searched(capfd, *question, status=3).finding
    assert found is not None
    again = searched(capfd, *question, "--replay", str(found.seed), status=3).finding
    assert again == found


@pytest.mark.slow
def test_nothing_is_found_where_there_is_a_lock(bank: Path, capfd: Output) -> None:
    """A function that holds a lock is searched in vain; the status is 0, and the report says what was tried."""
    report = searched(capfd, "bank:deposit_safely", "--inputs", "bank:amounts", status=0)
    assert (report.verdict, report.finding, report.mended) == ("none", None, None)
    assert report.schedules > 1
    assert report.bound


@pytest.mark.slow
def test_a_deadlock_names_the_locks(bank: Path, capfd: Output) -> None:
    """Calls that take two locks in different orders are a deadlock."""
    (bank / "orders.jsonl").write_text("false\ntrue\n")
    report = searched(capfd, "bank:transfer", "--inputs", "orders.jsonl", status=3)
    assert report.verdict == "deadlock"
    assert report.finding is not None
    assert {"first", "second"} <= set(re.findall(r"\w+", report.finding.observed))


def test_the_result_is_written_as_html(bank: Path, capfd: Output) -> None:
    """--html writes a page of its own, and the document still goes to standard output."""
    report = searched(capfd, "bank:deposit", "--inputs", "bank:amounts", "--html", "races.html", status=3)
    page = (bank / "races.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert report.finding is not None
    again = f"advise races bank:deposit --inputs bank:amounts --replay {report.finding.seed}"
    assert f"<code>{again}</code>" in page


def test_inputs_come_from_standard_input(bank: Path) -> None:
    """`--inputs -` reads the arguments from standard input."""
    done = run("races", "bank:deposit", "--inputs", "-", "--star", *SHORT, "--no-fix", "--json", text="[1.5]\n[2.5]\n")
    assert (done.returncode, done.stderr) == (3, "")
    assert RaceReport.model_validate_json(done.stdout).inputs == ("1.5", "2.5")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["nowhere:func"], "nowhere"),
        (["bank:nothing"], "nothing"),
        (["bank"], "bank"),
        (["missing.py:func"], "missing.py"),
        (["bank:deposit"], "--inputs"),
        (["bank:deposit", "--inputs", "missing.jsonl"], "missing.jsonl"),
        (["bank:amounts", "--inputs", "bank:amounts"], "does not fit"),
    ],
)
def test_a_wrong_question_is_one_line(bank: Path, capfd: Output, arguments: list[str], expected: str) -> None:
    """A target or inputs that do not exist or do not fit are named, with status 2."""
    line = error_line(capfd, "races", *arguments, *SHORT)
    assert line.startswith("Error: ")
    assert expected in line


def test_a_target_that_fails_by_itself(bank: Path, capfd: Output) -> None:
    """If every call raises without any other, the target has failed: status 1, with the exception."""
    assert main(["races", "bank:fail", "--inputs", "bank:amounts", *SHORT]) == 1
    output = capfd.readouterr()
    assert output.out == ""
    error = output.err.splitlines()[-1]
    assert error.startswith("Error: ")
    assert "ValueError" in error
    assert "no account for 5.0" in error


def test_ctrl_c_ends_the_search_and_all_of_its_processes(bank: Path) -> None:
    """After Ctrl-C the status is 130, the error is one line, and no process is left."""
    command = [sys.executable, "-m", "advisor", "races", "bank:hang", "--inputs", "bank:amounts"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not (bank / "hanging").exists():
        assert child.poll() is None
        time.sleep(0.01)
    processes = psutil.Process(child.pid).children(recursive=True)
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=30)
    assert child.returncode == 130
    assert "Traceback" not in errors
    assert psutil.wait_procs(processes, timeout=10)[1] == []


def test_a_terminal_shows_the_progress_and_colours(bank: Path) -> None:
    """On a terminal the progress is shown while searching, and erased at the end."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "advisor", "races", "bank:deposit", "--inputs", "bank:amounts", *SHORT]
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80"}
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as child:
        os.close(theirs)
        output = b""
        try:
            while chunk := os.read(ours, 65536):
                output += chunk
        except OSError:  # EIO on Linux, when the last process has closed the terminal
            pass
        os.close(ours)
    assert child.returncode == 3
    progress, verdict, _ = output.decode().partition("Race: ")
    assert verdict
    assert "%" in progress
    assert "\x1b[2K" in progress
    assert "\x1b[36m" in output.decode()


def test_the_function_is_public(bank: Path) -> None:
    """`advisor.races` searches with a function of this process."""
    script = (
        "import json, advisor, bank\n"
        "report = advisor.races(bank.deposit, bank.amounts(), seconds=5)\n"
        "print(json.dumps([report.verdict, report.finding.kind, type(report).__name__]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["race", "lost update", "RaceReport"]
    assert callable(advisor.races)


def test_a_function_of_a_script_can_be_searched(bank: Path) -> None:
    """The globals of a script, which the search's process cannot import, count as state."""
    script = f"import advisor\n{BANK}\nprint(advisor.races(deposit, amounts(), seconds=3).verdict)\n"
    (bank / "script.py").write_text(script)
    done = subprocess.run([sys.executable, "script.py"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "race\n"), done.stderr
