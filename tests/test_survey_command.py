"""`advise survey` on real programs: it runs them as they are, answers plainly, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.command_line import ROOT

TALLY = """
import sys
import time

def tally(number):
    return sum(k * k for k in range(20_000)) + number

total = 0
for number in range(int(sys.argv[1])):
    total += tally(number)
print("total", total)
"""
SLOW = """
import pathlib, time
pathlib.Path("begun").touch()
for number in range(100_000):
    time.sleep(0.01)
"""
LEAVES = """
import subprocess, sys, pathlib
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
pathlib.Path("child").write_text(str(child.pid))
for number in range(60):
    sum(k * k for k in range(60_000))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder in which programs are written and run."""
    (tmp_path / "temporary").mkdir()
    return tmp_path


def write(folder: Path, source: str, name: str = "program.py") -> None:
    (folder / name).write_text(textwrap.dedent(source))


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder / "temporary")}


def survey(folder: Path, *arguments: str, text: str | None = None, status: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the command, and check its exit status and that no temporary file is left."""
    done = subprocess.run(
        [sys.executable, "-m", "advisor", "survey", *arguments],
        cwd=folder,
        env=environment(folder),
        input=text,
        stdin=subprocess.DEVNULL if text is None else None,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == status, done.stderr
    assert not list((folder / "temporary").iterdir())
    return done


def report(folder: Path, *arguments: str, text: str | None = None, status: int = 0) -> dict[str, Any]:
    """Run the command and return its report."""
    survey(folder, f"--json={folder / 'report.json'}", *arguments, text=text, status=status)
    found: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return found


@pytest.fixture
def started(folder: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Collect processes that are killed in the end, whatever happens."""
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


def start(folder: Path, arguments: Sequence[str], started: list[subprocess.Popen[str]]) -> subprocess.Popen[str]:
    """Start the command in a session of its own, and wait until the program has begun."""
    process = subprocess.Popen(
        [sys.executable, "-m", "advisor", "survey", *arguments],
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    started.append(process)
    end = time.monotonic() + 30
    while not (folder / "begun").exists():
        assert time.monotonic() < end, "the program has not begun"
        time.sleep(0.02)
    time.sleep(0.6)
    return process


def running(folder: Path) -> list[str]:
    """Return the command lines of the processes that work in a folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd() == str(folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


def wait_until_gone(folder: Path) -> None:
    end = time.monotonic() + 20
    while running(folder):
        assert time.monotonic() < end, running(folder)
        time.sleep(0.05)


def test_the_output_is_the_programs_and_the_report_is_apart(folder: Path) -> None:
    """Standard output has what the program prints, once; the report is on standard error, without colours."""
    write(folder, TALLY)
    done = survey(folder, "program.py", "300")
    assert done.stdout.startswith("total ")
    assert done.stdout.count("\n") == 1
    assert "program.py:9\n    for number in range(int(sys.argv[1])):\n    ███" in done.stderr
    assert "\x1b" not in done.stderr
    assert "advise: first run" not in done.stderr


def test_json_alone_goes_to_standard_output(folder: Path) -> None:
    """Then the document is all that is on standard output, and the program's output is on standard error."""
    write(folder, TALLY)
    done = survey(folder, "--json", "program.py", "300")
    found = json.loads(done.stdout)
    assert re.fullmatch(r"total \d+\n", done.stderr)
    assert found["program"] == "program.py 300"
    first = found["candidates"][0]
    assert (first["loop"]["line"], first["iterations"], first["independence"]) == (9, 300, "reduction")


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        ([], ["--json", "a", "--help", "-m", "x", "--once", "--", "--"]),
        (["--once"], ["--version"]),
        (["--json=found.json"], ["-"]),
        (["--json", "found.json"], ["--json"]),
        (["--seconds", "20", "--cores", "4"], []),
    ],
)
def test_what_follows_the_script_belongs_to_it(options: list[str], arguments: list[str], folder: Path) -> None:
    """Options after the script reach the program, whatever they are called."""
    write(folder, "import sys; print(sys.argv)")
    assert survey(folder, *options, "program.py", *arguments).stdout == f"{['program.py', *arguments]}\n"


def test_a_module_gets_its_options(folder: Path) -> None:
    """Arguments after `-m MODULE` belong to the module."""
    write(folder, "import sys; print(sys.argv[1:], __name__)", "shop.py")
    assert survey(folder, "--once", "-m", "shop", "--json", "-m").stdout == "['--json', '-m'] __main__\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "there is no program: give a script, such as report.py, or a module with -m"),
        (["none.py"], "there is no file none.py"),
        (["temporary"], "temporary is a folder: name a script in it, or a module with -m"),
        (["-m", "no_such_module"], "there is no module no_such_module on the path or in the current folder"),
        (["image.png"], "image.png is not Python source"),
        (["--package", "no_such_package", "program.py"], "no package no_such_package is installed"),
        (["/proc/self/mem"], "cannot read /proc/self/mem: Input/output error"),  # the superuser may read other files
        (["-m"], "Option '-m' requires an argument."),
        (["--unknown", "program.py"], "No such option '--unknown'."),
        (["--html", "no/page.html", "program.py"], "cannot write no/page.html: No such file or directory"),
    ],
)
def test_a_wrong_question_is_answered_in_one_line(arguments: list[str], message: str, folder: Path) -> None:
    """The exit status is 2, and nothing runs."""
    write(folder, "print('it ran')")
    (folder / "image.png").write_bytes(b"\x89PNG\0\0")
    done = survey(folder, *arguments, status=2)
    assert (done.stdout, done.stderr) == ("", f"Error: {message}\n")


def test_a_failure_is_the_programs_own(folder: Path) -> None:
    """Traceback and status are the program's, and what ran before is reported."""
    write(folder, "for n in range(300):\n    sum(range(60_000))\nraise ValueError('no')")
    done = survey(folder, "program.py", status=1)
    assert done.stderr.startswith('Traceback (most recent call last):\n  File "')
    assert done.stderr.count("ValueError: no\n") == 1
    assert "program.py:1\n" in done.stderr
    assert "The program ended with exit status 1: the figures are of what ran until then." in done.stderr


def test_a_syntax_error_is_the_programs_own(folder: Path) -> None:
    """The interpreter's message is there, and the report says that nothing ran."""
    write(folder, "x = (")
    done = survey(folder, "program.py", status=1)
    assert "SyntaxError: '(' was never closed\n" in done.stderr
    assert "The program failed before its first line ran." in done.stderr


def test_a_second_run_that_differs_does_not_count(folder: Path) -> None:
    """A program that fails because of what its first run left behind is judged by its first run alone, and told so."""
    write(folder, "import os\nos.mkdir('results')\nfor n in range(300):\n    sum(range(60_000))\n")
    found = report(folder, "program.py")
    assert found["candidates"][0]["independence"] == "unknown"
    assert found["candidates"][0]["iterations"] is None
    assert found["notes"][0].startswith(
        "The second run ended with exit status 1 (FileExistsError: [Errno 17] File exists: 'results'), the first one "
        "with 0, so what it showed is left out."
    )


def test_an_exit_without_handlers_is_seen(folder: Path) -> None:
    """`os._exit` loses neither the samples nor the second run."""
    write(folder, "import os\nfor n in range(300):\n    sum(range(60_000))\nos._exit(5)\n")
    found = report(folder, "program.py", status=5)
    assert found["candidates"][0]["iterations"] == 300
    assert "through os._exit" in found["notes"][0]


def test_the_time_limit_ends_a_server(folder: Path) -> None:
    """A program that waits for ever is stopped, and the report says where it waited."""
    write(folder, "import time\n\n\ndef serve():\n    time.sleep(600)\n\n\nserve()\n")
    found = report(folder, "--seconds", "1", "program.py")
    assert found["ending"] == "stopped"
    assert re.match(r"The program waits for \d+ % of its time at program.py:5, outside of any loop", found["summary"])


def test_nothing_that_the_program_started_outlives_it(folder: Path) -> None:
    """A process that the program left running is ended with it."""
    write(folder, LEAVES)
    report(folder, "--once", "program.py")
    assert not psutil.pid_exists(int((folder / "child").read_text()))


def test_an_interrupt_reports_what_was_seen(folder: Path, started: list[subprocess.Popen[str]]) -> None:
    """Ctrl-C ends the program; the report is of what ran until then, and the status is 130."""
    write(folder, SLOW)
    process = start(folder, ["--json=report.json", "program.py"], started)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "KeyboardInterrupt" in errors
    assert "The program was interrupted: the figures are of what ran until then." in errors
    found = json.loads((folder / "report.json").read_text())
    assert found["candidates"][0]["loop"]["line"] == 4
    assert not list((folder / "temporary").iterdir())
    wait_until_gone(folder)


def test_an_interrupt_of_the_second_run_keeps_the_first(folder: Path, started: list[subprocess.Popen[str]]) -> None:
    """The report has the whole first run and what was seen of the second."""
    write(
        folder,
        """
        import pathlib, time
        pathlib.Path("begun" if pathlib.Path("once").exists() else "once").touch()
        for number in range(150):
            time.sleep(0.01)
        """,
    )
    process = start(folder, ["--json=report.json", "program.py"], started)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    found = json.loads((folder / "report.json").read_text())
    assert (found["runs"], found["ending"], found["exit_status"]) == (2, "interrupted", 0)
    assert found["seconds"] > 1.4
    assert found["candidates"][0]["iterations"] > 75
    wait_until_gone(folder)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_no_signal_leaves_a_process(number: int, folder: Path, started: list[subprocess.Popen[str]]) -> None:
    """The program ends with the survey, however that ends."""
    write(folder, SLOW)
    process = start(folder, ["program.py"], started)
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode in (128 + number, -number)
    wait_until_gone(folder)


@pytest.mark.slow
def test_the_patch_changes_all_loops_that_pay(folder: Path) -> None:
    """The patched program prints the same."""
    write(
        folder,
        """
        import math

        def first(n):
            return sum(math.sqrt(k + n) for k in range(40_000))

        def second(n):
            return sum(math.sin(k * n) for k in range(40_000))

        if __name__ == "__main__":
            firsts = []
            for n in range(150):
                firsts.append(first(n))
            seconds = []
            for n in range(150):
                seconds.append(second(n))
            print(sum(firsts), sum(seconds))
        """,
    )
    found = report(folder, "--cores", "8", "--patch", "faster.patch", "program.py")
    patch = (folder / "faster.patch").read_text()
    assert patch == found["patch"]
    assert patch.count("pool.map(") == 2, patch
    subprocess.run(["patch", "-p0", "-s"], cwd=folder, input=patch, text=True, check=True, timeout=60)
    command = [sys.executable, "program.py"]
    patched = subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=60)
    plain = survey(folder, "--once", "program.py")
    assert patched.returncode == 0, patched.stderr
    assert patched.stdout == plain.stdout


def at_terminal(folder: Path, arguments: Sequence[str], typed: bytes, columns: int) -> str:
    """Run the command at a terminal, type something, and return what is on the screen."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "advisor", "survey", *arguments],
        cwd=folder,
        env={**environment(folder), "COLUMNS": str(columns), "TERM": "xterm-256color"},
        stdin=follower,
        stdout=follower,
        stderr=follower,
    )
    os.close(follower)
    os.write(leader, typed)
    shown = b""
    try:
        while data := os.read(leader, 1 << 16):
            shown += data
    except OSError:  # the terminal has no other end any more
        pass
    finally:
        os.close(leader)
        process.wait(timeout=30)
    return shown.decode().replace("\r\n", "\n")


def test_at_a_terminal(folder: Path) -> None:
    """There are colours, lines of progress, and no second run of a program that asks for something."""
    write(folder, "name = input('name? ')\nfor n in range(300):\n    sum(range(60_000))\nprint('hello', name)\n")
    shown = at_terminal(folder, ["program.py"], b"Ann\n", 100)
    assert "advise: first run" in shown
    assert "second run (" not in shown
    assert "hello Ann\n" in shown
    assert "\x1b[32m" in shown or "\x1b[33m" in shown
    assert "The program reads from the terminal, so it ran only once" in shown
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert max(map(len, plain.splitlines())) <= 100


def test_at_a_terminal_without_colours(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR holds for the report and for the lines of progress."""
    monkeypatch.setenv("NO_COLOR", "1")
    write(folder, "for n in range(300):\n    sum(range(60_000))\n")
    shown = at_terminal(folder, ["--once", "program.py"], b"", 100)
    assert shown.startswith("advise: first run\n")
    assert "program.py:1\n" in shown
    assert "\x1b" not in shown
