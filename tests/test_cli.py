"""The command line, used as a person or a script uses it: real targets in real processes."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path

import psutil
import pytest

import advisor
from advisor.cli.main import main
from advisor.models import Advice, Profile
from tests.command_line import FAST, cache, error_line, project, run

__all__ = ["cache", "project"]  # fixtures

Output = pytest.CaptureFixture[str]


def test_a_target_gets_advice_on_one_screen(project: Path, capfd: Output) -> None:
    """`advise module:function` prints the advice as plain text and exits with 0."""
    assert main(["work:wait", "--calls", "500", *FAST]) == 0
    output = capfd.readouterr()
    assert output.err == ""
    assert re.match(r"Threading with \d+ workers: [\d.]+× as fast", output.out)
    assert "work:wait · 500 calls in " in output.out
    assert "\x1b" not in output.out


def test_json_is_the_only_thing_on_standard_output(project: Path, capfd: Output) -> None:
    """With --json, standard output is one Advice document, whatever the target prints, and options may come first."""
    assert main(["--json", "--inputs", "numbers.txt", *FAST, "--cores", "16", "work.py:double"]) == 0
    output = capfd.readouterr()
    advice = Advice.model_validate_json(output.out)
    assert advice.profile
    assert (advice.profile.target, advice.job.calls, advice.machine.cores) == ("work.py:double", 20, 16)
    assert "the target talks" not in output.out + output.err


def test_code_does_the_job_that_was_planned(project: Path, capfd: Output) -> None:
    """With --code, standard output is Python that makes as many calls as --calls says."""
    assert main(["work:double", "--inputs", "numbers.txt", "--calls", "30", "--code", *FAST]) == 0
    code = capfd.readouterr().out
    job = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert job.returncode == 0, job.stderr
    assert "inputs = list(islice(cycle(inputs), 30))" in code


def test_modules_of_the_project_shadow_none_of_ours(project: Path) -> None:
    """A file named like a module of the standard library does not break measuring."""
    (project / "multiprocessing.py").write_text("")
    command = [sys.executable, "-P", "-m", "advisor", "work:wait", *FAST]  # -P: as the installed script is run
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_inputs_come_from_standard_input(project: Path) -> None:
    """`--inputs -` reads standard input, and so does the code."""
    done = run("work:double", "--inputs", "-", "--json", *FAST, text="1\n2\n3\n")
    assert done.returncode == 0, done.stderr
    advice = Advice.model_validate_json(done.stdout)
    assert advice.job.calls == 3
    assert "for line in sys.stdin" in advice.snippet


def test_inputs_come_from_a_pipe(project: Path, capfd: Output) -> None:
    """A pipe such as bash's <(command) can be read in one process only; an error names it as a pipe."""
    reading, writing = os.pipe()
    os.write(writing, b'1\n{"a":\n2\n')
    os.close(writing)
    assert "line 2 of the inputs' pipe is not JSON" in error_line(
        capfd, "work:double", *FAST, "--inputs", f"/dev/fd/{reading}"
    )
    os.close(reading)


@pytest.mark.slow
def test_plot_and_profile_are_saved(project: Path, capfd: Output) -> None:
    """--plot draws the curves and --save-profile saves the profile, which can be advised again for another host."""
    assert main(["work:wait", "--plot", "curves.svg", "--save-profile", "profile.json", "--json", *FAST]) == 0
    assert "work:wait: predicted speed-up" in (project / "curves.svg").read_text()
    profile = Profile.model_validate_json((project / "profile.json").read_text())
    assert profile == Advice.model_validate_json(capfd.readouterr().out).profile
    assert advisor.advise(profile, machine={"cores": 4}).machine.cores == 4


def test_a_file_that_cannot_be_saved_does_not_cost_the_advice(project: Path, capfd: Output) -> None:
    """When the target has removed the directory, the advice is still printed, and the error reported."""
    (project / "tidy.py").write_text("import shutil\n\ndef up():\n    shutil.rmtree('out', ignore_errors=True)\n")
    (project / "out").mkdir()
    assert main(["tidy:up", "--save-profile", "out/profile.json", "--json", *FAST]) == 2
    output = capfd.readouterr()
    assert output.err == f"Error: cannot write out/profile.json: {os.strerror(errno.ENOENT)}\n"
    assert Advice.model_validate_json(output.out).profile


@pytest.mark.slow
def test_verify_shows_predicted_and_measured_seconds(project: Path, capfd: Output) -> None:
    """--verify runs the leading strategies and shows predicted beside measured."""
    assert main(["work:wait", "--calls", "20", "--verify", *FAST]) == 0
    text = capfd.readouterr().out
    assert re.search(r"\n  Trial run +Workers +Calls +Predicted +Measured", text)
    assert "verified by running part of the job" in text


def test_a_target_that_fails_shows_its_traceback(project: Path, capfd: Output) -> None:
    """A target that raises gives status 1, and on standard error its own traceback, what it printed and one line."""
    assert main(["work:fail", "--inputs", "numbers.txt", *FAST]) == 1
    output = capfd.readouterr()
    assert output.out == ""
    lines = output.err.splitlines()
    assert "before it fails" in lines
    assert "Traceback (most recent call last):" in lines
    assert [line.rsplit(" in ", 1)[1] for line in lines if line.startswith("  File")] == ["fail", "deeper"]
    assert re.match(r"Error: .*work:fail.* raised ValueError: no such thing as \d+$", lines[-1])


def test_a_target_that_hangs_is_stopped(project: Path, capfd: Output) -> None:
    """A target that takes longer than --timeout is stopped with status 1 and one line that names the option."""
    assert main(["work:hang", "--timeout", "0.5", *FAST]) == 1
    output = capfd.readouterr()
    assert output.out == ""
    assert "--timeout" in output.err
    assert_ended(int((project / "hanging").read_text()))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sent", "status", "message"),
    [(signal.SIGINT, 130, "Interrupted."), (signal.SIGTERM, 143, ""), (signal.SIGHUP, 129, "")],
)
def test_a_signal_ends_everything(project: Path, sent: signal.Signals, status: int, message: str) -> None:
    """Each signal has its own exit status and leaves no process behind."""
    child = subprocess.Popen(
        [sys.executable, "-m", "advisor", "work:hang"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_until(lambda: (project / "hanging").exists())
    child.send_signal(sent)
    output, errors = child.communicate(timeout=20)
    assert (child.returncode, output) == (status, "")
    assert errors.startswith(message)
    assert "Traceback" not in errors
    assert_ended(int((project / "hanging").read_text()))


def wait_until(reached: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.02)


def assert_ended(process: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        assert psutil.Process(process).status() == psutil.STATUS_ZOMBIE


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("arguments", [["--help"], ["describe", "download pages"]])
def test_a_full_disk_is_one_clear_line(arguments: list[str]) -> None:
    """Standard output that cannot be written is an error message, not a traceback."""
    command = [sys.executable, "-m", "advisor", *arguments]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (2, f"Error: cannot write: {os.strerror(errno.ENOSPC)}\n")


@pytest.mark.skipif(sys.platform == "win32", reason="a shell closes the streams")
@pytest.mark.parametrize(
    ("inputs", "expected"), [([], (0, "")), (["--inputs", "-"], (2, "Error: standard input holds no inputs\n"))]
)
def test_standard_streams_may_be_closed(project: Path, inputs: list[str], expected: tuple[int, str]) -> None:
    """With `<&- >&-` the advice is given, and standard input is empty."""
    command = ["sh", "-c", '"$0" -m advisor "$@" <&- >&-', sys.executable, "work:wait", *FAST, *inputs]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=60)
    assert (done.returncode, done.stderr) == expected


@pytest.mark.parametrize("question", [["work:wait", *FAST], ["describe", "downloading 100 files"]])
def test_html_is_one_file(project: Path, capfd: Output, question: list[str]) -> None:
    """--html writes the advice as a document, beside what is printed."""
    assert main([*question, "--html", "report.html", "--json"]) == 0
    advice = Advice.model_validate_json(capfd.readouterr().out)
    page = Path("report.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert advice.summary in unescape(page).replace("\N{NO-BREAK SPACE}", " ")


def test_a_description_gets_advice(capfd: Output) -> None:
    """`advise describe` takes words, quoted or not, plans for as many calls and cores as asked, and prints JSON."""
    assert main(["describe", "downloading", "files", "--json", "--calls", "70", "--cores", "3"]) == 0
    advice = Advice.model_validate_json(capfd.readouterr().out)
    assert (advice.recommendation, advice.evidence) == ("threading", "described")
    assert (advice.job.calls, advice.machine.cores) == (70, 3)
    assert main(["--json", "--calls", "70", "--cores", "3", "describe", "downloading files"]) == 0
    again = Advice.model_validate_json(capfd.readouterr().out)
    free = {"machine": {"memory"}}  # free memory changes from one moment to the next
    assert again.model_dump(exclude=free) == advice.model_dump(exclude=free)


def test_a_description_from_standard_input(project: Path) -> None:
    """`advise describe -` reads the text from standard input, whatever bytes it holds."""
    command = [sys.executable, "-m", "advisor", "describe", "-", "--json"]
    done = subprocess.run(command, input=b"video encoding \xff\x00\n", capture_output=True, timeout=60)
    assert Advice.model_validate_json(done.stdout).recommendation == "multiprocessing"


@pytest.mark.parametrize("text", ["", " ", "\x00", "\udcff", "🧵" * 5000, "C:\\work.py:func", "a:b"])
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_odd_descriptions_are_answered(capfd: Output, text: str, options: list[str]) -> None:
    """A description that is empty, huge or no text at all is answered without an exception."""
    assert main(["describe", text, *options]) == 0
    assert capfd.readouterr().out


def test_the_matrix(capfd: Output) -> None:
    """`advise matrix` prints the rows of the decision matrix as text or JSON."""
    assert main(["matrix"]) == 0
    assert re.search(r"\nDownloading 100 files +threading +I/O bound", capfd.readouterr().out)
    assert main(["matrix", "--json"]) == 0
    tables = json.loads(capfd.readouterr().out)
    assert len(tables["matrix"]) == 8
    assert all(row["source"] for row in tables["matrix"])


def test_a_closed_pipe_is_silent(project: Path) -> None:
    """`advise matrix | head -1` prints no error, whether the pipe is closed early or from the start."""
    shell = f"{sys.executable} -m advisor matrix | head -1"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("The decision matrix, when nothing else is known\n", "")
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "advisor", "matrix", "--json"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_ascii_output_replaces_other_characters(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where standard output is ASCII, text is too; a JSON document stays UTF-8."""
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    done = run("describe", "processing 100 images")
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert re.search(r"\n#+=*", done.stdout)
    assert "“" in json.loads(run("matrix", "--json").stdout)["matrix"][0]["source"]


def terminal_output(*arguments: str) -> str:
    """Run the command in a terminal of 80 columns, and return both streams."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80"}
    command = [sys.executable, "-m", "advisor", *arguments]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as child:
        os.close(theirs)
        output = b"".join(chunks(ours))
        os.close(ours)
    assert child.returncode == 0
    return output.decode()


def chunks(descriptor: int) -> Iterator[bytes]:
    with contextlib.suppress(OSError):  # EIO on Linux, when the last process has closed the terminal
        while chunk := os.read(descriptor, 65536):
            yield chunk


@pytest.mark.slow
def test_a_terminal_gets_colours_and_a_temporary_progress_bar(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the progress is shown while measuring and erased at the end, and the advice has colours."""
    output = terminal_output("work:wait", *FAST)
    progress, verdict, _ = re.split(r"(Threading|Multiprocessing) with", output, maxsplit=1)  # by how busy the host is
    assert "%" in progress
    assert "\x1b[2K" in progress
    assert re.search(r"\x1b\[3\dm", output)
    assert verdict
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[\d*m", terminal_output("describe", "processing 100 images"))


@pytest.mark.server
def test_serve_answers_until_it_is_ended(project: Path) -> None:
    """`advise serve` listens on the address that it prints, answers, and ends cleanly on Ctrl-C."""
    command = [sys.executable, "-m", "advisor", "serve", "--port", "0"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stderr
    found = re.match(r"Listening on (http://127\.0\.0\.1:\d+) ", child.stderr.readline())
    assert found
    with urllib.request.urlopen(f"{found[1]}/healthz", timeout=20) as answer:
        assert answer.status == 200
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=20)
    assert child.returncode in (0, 130)
    assert "Traceback" not in errors


def test_serve_on_an_address_in_use(capfd: Output) -> None:
    """An address that cannot be listened on is one line and status 2."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        line = error_line(capfd, "serve", "--port", str(port))
    assert line.startswith(f"Error: cannot listen on 127.0.0.1 port {port}: {os.strerror(errno.EADDRINUSE)}")


def test_serve_without_flask_names_the_extra(project: Path) -> None:
    """Where Flask is not installed, `advise serve` says what to install."""
    code = "import sys; sys.modules['flask'] = None; from advisor.cli.main import main; sys.exit(main(['serve']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "pip install 'workload-advisor[service]'" in done.stderr
    assert done.stderr.count("\n") == 1
