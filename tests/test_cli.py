"""The command line, run as a person or a script runs it: real targets, in real processes."""

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
from pathlib import Path

import psutil
import pytest

import advisor
from advisor.cli.commands import main
from advisor.errors import UsageError
from advisor.models import Advice, Profile

FOLDER = Path(__file__).parent.parent
QUICK = ["--budget", "0.3"]
TARGETS = """\
import os
import sys
import time


def wait():
    time.sleep(0.01)


def double(number):
    print("the target talks")
    print("and complains", file=sys.stderr)
    os.write(1, b"even on the raw descriptor\\\\n")
    return 2 * int(number)


def numbers():
    yield from range(30)


def fail(number):
    print("before it fails")
    return deeper(number)


def deeper(number):
    raise ValueError(f"no such thing as {number}")


def hang():
    with open("hanging.pid", "w") as file:
        file.write(str(os.getpid()))
    os.rename("hanging.pid", "hanging")
    time.sleep(600)
"""


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache folder for all tests, so that this host's pools are measured once, and not the user's own."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> Path:
    """A folder with a module of targets, which is the current one."""
    (tmp_path / "work.py").write_text(TARGETS.replace("\\\\n", "\\n"))
    (tmp_path / "numbers.txt").write_text("".join(f"{number}\n" for number in range(20)))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.setenv("PYTHONPATH", str(FOLDER))
    for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def run(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "advisor", *arguments]
    return subprocess.run(command, capture_output=True, text=True, input=text, timeout=60)


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line on standard error of a command line that is wrong."""
    assert main(arguments) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    return output.err.removesuffix("\n")


def test_a_target_gets_advice_on_one_screen(project: Path) -> None:
    """`advise module:function` in the function's folder prints the advice as plain text and exits with 0."""
    done = run("work:wait", "--calls", "500", *QUICK)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.match(r"Threading with \d+ workers: [\d.]+× as fast", done.stdout)
    assert "work:wait · 500 calls in " in done.stdout
    assert "\x1b" not in done.stdout


def test_json_is_the_only_thing_on_standard_output(project: Path) -> None:
    """With --json, standard output is one Advice document, whatever the target prints, and options may come first."""
    done = run("--json", "--inputs", "numbers.txt", *QUICK, "--cores", "16", "work.py:double")
    assert done.returncode == 0
    advice = Advice.model_validate_json(done.stdout)
    assert advice.profile
    assert (advice.profile.target, advice.job.calls, advice.machine.cores) == ("work.py:double", 20, 16)
    assert "the target talks" not in done.stdout + done.stderr


def test_code_is_only_code_and_runs(project: Path) -> None:
    """With --code, standard output is Python that does the job as it stands."""
    done = run("work:wait", "--inputs", "work:numbers", "--code", *QUICK)
    assert (done.returncode, done.stdout) == (2, ""), "wait takes no argument, and the inputs give one"
    done = run("work:double", "--inputs", "work:numbers", "--code", *QUICK)
    assert done.returncode == 0
    (project / "job.py").write_text(done.stdout)
    job = subprocess.run([sys.executable, "job.py"], capture_output=True, text=True, timeout=60)
    assert job.returncode == 0, job.stderr


def test_code_does_the_job_that_was_planned(project: Path) -> None:
    """As many calls as --calls says, from the inputs that there are; without it, the inputs as they are."""
    done = run("work:double", "--inputs", "numbers.txt", "--calls", "30", "--code", *QUICK)
    assert "inputs = list(islice(cycle(inputs), 30))" in done.stdout, done.stderr
    done = run("work:double", "--inputs", "numbers.txt", "--calls", "20", "--code", *QUICK)
    assert "cycle" not in done.stdout
    assert "inputs = " in done.stdout, done.stderr


def test_code_reaches_a_method_as_it_was_measured(project: Path) -> None:
    """An object that is there already is not made anew, though its name begins like a class's."""
    with (project / "work.py").open("a") as file:
        file.write("class Scale:\n    def weigh(self): return 1\nSCALE = Scale()\n")
    done = run("work:SCALE.weigh", "--code", *QUICK)
    assert "weigh = SCALE.weigh\n" in done.stdout, done.stderr


def test_a_module_named_like_one_of_ours_does_no_harm(project: Path) -> None:
    """What measuring imports is there before the target's folder is looked into."""
    (project / "multiprocessing.py").write_text("")
    command = [sys.executable, "-P", "-m", "advisor", "work:wait", *QUICK]  # as `advise` has it: not the folder first
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_inputs_come_from_a_pipe(project: Path) -> None:
    """A pipe has a name, but only the process that was given it can read it; code reads standard input instead."""
    reading, writing = os.pipe()
    os.write(writing, b'1\n{"a":\n2\n')
    os.close(writing)
    command = [sys.executable, "-m", "advisor", "work:double", *QUICK, "--inputs", f"/dev/fd/{reading}"]
    done = subprocess.run(command, capture_output=True, text=True, pass_fds=[reading], timeout=60)
    os.close(reading)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Error: line 2 of the inputs' pipe is not JSON" in done.stderr
    done = run("work:double", "--inputs", "/dev/stdin", "--code", *QUICK, text="1\n2\n")
    assert "for line in sys.stdin" in done.stdout, done.stderr


def test_a_builtin_that_needs_arguments_is_a_wrong_command_line(project: Path) -> None:
    """It has no signature that would tell beforehand; a builtin that fails at its work is the target's failure."""
    done = run("builtins:max", *QUICK)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "Error: builtins:max needs arguments: give them with --inputs FILE or my_module:make_inputs\n"
    )


def test_our_own_start_is_not_the_targets_silence(project: Path) -> None:
    """A time-out shorter than the start of an interpreter does not end it."""
    done = run("work:double", "--inputs", "numbers.txt", "--timeout", "0.001", *QUICK)
    assert "starting was not done" not in done.stderr


def test_a_name_with_dots_alone_is_shown_both_ways(capsys: pytest.CaptureFixture[str]) -> None:
    """The last part may be the function, or of the module's name."""
    assert refusal(capsys, "work.wait") == (
        "Error: 'work.wait' names no function: write work:wait or work.wait:function"
    )


def test_a_job_of_impossible_size_is_refused(project: Path) -> None:
    """By the one kind of error that wrong questions have; the inputs of a saved profile tell the size of its job."""
    profile = Profile(calls=1, wall=0.01)
    assert advisor.advise(profile, inputs=range(7)).job.calls == 7
    for calls in (10**15, 2.5):
        with pytest.raises(UsageError, match="calls is not possible"):
            advisor.advise(profile, calls=calls)  # type: ignore[arg-type]


def test_plot_and_profile_are_saved(project: Path) -> None:
    """--plot draws the curves and --save-profile keeps the profile, which can be advised again for another host."""
    done = run("work:wait", "--plot", "curves.svg", "--save-profile", "profile.json", "--json", *QUICK)
    assert done.returncode == 0, done.stderr
    assert "work:wait: predicted speed-up" in (project / "curves.svg").read_text()
    profile = Profile.model_validate_json((project / "profile.json").read_text())
    assert profile == Advice.model_validate_json(done.stdout).profile
    assert advisor.advise(profile, machine={"cores": 4}).machine.cores == 4
    with pytest.raises(UsageError, match="cores -1 is not possible"):
        advisor.advise(profile, machine={"cores": -1})
    with pytest.raises(UsageError, match="a job of 0 calls"):
        advisor.advise("download pages", calls=0)


def test_what_cannot_be_saved_after_all_costs_nobody_the_advice(project: Path) -> None:
    """The target took the folder away: the plot is there, the advice is printed, and the error is told."""
    (project / "tidy.py").write_text("import shutil\n\ndef up():\n    shutil.rmtree('out', ignore_errors=True)\n")
    (project / "out").mkdir()
    done = run("tidy:up", "--save-profile", "out/profile.json", "--plot", "curves.svg", "--json", *QUICK)
    assert (done.returncode, done.stderr) == (2, f"Error: cannot write out/profile.json: {os.strerror(errno.ENOENT)}\n")
    assert Advice.model_validate_json(done.stdout).profile
    assert (project / "curves.svg").exists()


def test_inputs_come_from_standard_input(project: Path) -> None:
    """`--inputs -` reads the calls from standard input."""
    done = run("work:double", "--inputs", "-", "--json", *QUICK, text="1\n2\n3\n")
    assert done.returncode == 0, done.stderr
    assert Advice.model_validate_json(done.stdout).job.calls == 3


def test_verify_runs_a_part_and_shows_both_figures(project: Path) -> None:
    """--verify really runs the leading strategies and shows predicted beside measured."""
    done = run("work:wait", "--calls", "40", "--verify", *QUICK)
    assert done.returncode == 0, done.stderr
    assert re.search(r"\n  Really run +Workers +Calls +Predicted +Measured", done.stdout)
    assert "verified by running a part of the job" in done.stdout


def test_a_target_that_fails_shows_its_traceback(project: Path) -> None:
    """A target that raises gives status 1, and on standard error its own traceback, what it printed and one line."""
    done = run("work:fail", "--inputs", "numbers.txt", *QUICK)
    assert (done.returncode, done.stdout) == (1, "")
    lines = done.stderr.splitlines()
    assert "before it fails" in lines
    assert "Traceback (most recent call last):" in lines
    assert [line.rsplit(" in ", 1)[1] for line in lines if line.startswith("  File")] == ["fail", "deeper"]
    assert re.match(r"Error: .*work:fail.* raised ValueError: no such thing as \d+$", lines[-1])


def test_a_target_that_hangs_is_ended(project: Path) -> None:
    """A target that takes longer than --timeout is ended with status 1 and one line that names the option."""
    done = run("work:hang", "--timeout", "0.5", *QUICK)
    assert (done.returncode, done.stdout) == (1, "")
    assert "--timeout" in done.stderr
    assert_ended(int((project / "hanging").read_text()))


@pytest.mark.parametrize(
    ("text", "words"),
    [("\n", "standard input holds no inputs"), ("[1\n", "does not fit"), ("", "standard input holds no inputs")],
)
def test_wrong_standard_input_is_called_by_its_name(project: Path, text: str, words: str) -> None:
    """Never by the name of the temporary file that it stands in."""
    done = run("work:wait", "--inputs", "-", *QUICK, text=text)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert "advisor-inputs" not in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("arguments", [["--help"], ["matrix", "--json"], ["describe", "download pages"]])
def test_a_full_disk_is_one_clear_line(arguments: list[str]) -> None:
    """Standard output that takes nothing is no crash of ours."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "advisor", *arguments], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert (done.returncode, done.stderr) == (2, f"Error: cannot write: {os.strerror(errno.ENOSPC)}\n")


@pytest.mark.skipif(sys.platform == "win32", reason="a shell closes the streams")
def test_closed_standard_streams_are_survived(project: Path) -> None:
    """`<&-` and `>&-`: nothing to read, nobody to tell, and still an answer."""
    command = ["sh", "-c", '"$0" -m advisor "$@" <&- >&-', sys.executable, "work:wait", *QUICK]
    told = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=60)
    assert (told.returncode, told.stderr) == (0, "")
    empty = subprocess.run([*command, "--inputs", "-"], stderr=subprocess.PIPE, text=True, timeout=60)
    assert (empty.returncode, empty.stderr) == (2, "Error: standard input holds no inputs\n")


@pytest.mark.parametrize(
    ("sent", "status", "said"),
    [(signal.SIGINT, 130, "Interrupted."), (signal.SIGTERM, 143, ""), (signal.SIGHUP, 129, "")],
)
def test_a_signal_ends_everything(project: Path, sent: signal.Signals, status: int, said: str) -> None:
    """Each while the target runs: its own exit status, a word for Ctrl-C, and no process left behind."""
    child = subprocess.Popen(
        [sys.executable, "-m", "advisor", "work:hang"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_until(lambda: (project / "hanging").exists())
    child.send_signal(sent)
    output, errors = child.communicate(timeout=20)
    assert (child.returncode, output) == (status, "")
    assert errors.startswith(said)
    assert "Traceback" not in errors
    assert_ended(int((project / "hanging").read_text()))


def wait_until(reached: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, "it did not get so far"
        time.sleep(0.02)


def assert_ended(process: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        assert psutil.Process(process).status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["nowhere:func"], "nowhere"),
        (["work:nothing"], "nothing"),
        (["work:double"], "--inputs"),
        (["work:double", "--inputs", "missing.txt"], "missing.txt"),
        (["work:wait", "--inputs", "missing:inputs"], "missing"),
        (["missing.py:func"], "missing.py"),
        ([r"C:\somewhere\work.py:func"], "work.py"),
    ],
)
def test_a_target_or_inputs_that_are_not_there(
    project: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str
) -> None:
    """A module, function, file or argument that is missing is one line that names it, and status 2."""
    line = refusal(capsys, *arguments, *QUICK)
    assert line.startswith("Error: ")
    assert expected in line


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ["describ", "x"],
            "no such command: 'describ' (a target is written module:function; did you mean 'describe'?)",
        ),
        (
            ["xyz"],
            "no such command: 'xyz' "
            "(a target is written module:function; commands are describe, journal, matrix, serve)",
        ),
        (["work.py"], "'work.py' names no function: write work.py:function"),
        (["--json"], "Missing argument 'TARGET'."),
        (["describe"], "Missing argument 'TEXT...'."),
        (["work:wait", "extra"], "Got unexpected extra argument (extra)"),
        (
            ["work:wait", "--json", "--code"],
            "--json and --code exclude each other: standard output holds one document",
        ),
        (["work:wait", "--plot", "curves.pdf"], "--plot curves.pdf: the name must end in .png or .svg"),
        (["work:wait", "--plot", "no/where.png"], "--plot no/where.png: there is no folder no"),
        (["work:wait", "--plot", "folder.svg"], f"cannot write folder.svg: {os.strerror(errno.EISDIR)}"),
        (["work:wait", "--save-profile", "no/p.json"], f"cannot write no/p.json: {os.strerror(errno.ENOENT)}"),
        (["work:wait", "--save-profile", "."], f"cannot write .: {os.strerror(errno.EISDIR)}"),
    ],
)
def test_a_wrong_command_line_is_one_clear_line(
    project: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    expected: str,
) -> None:
    """What can't be understood or written is refused in one line before anything is measured."""
    monkeypatch.setattr(advisor.api, "advise_target", lambda *_, **__: pytest.fail("it was measured"))
    (project / "folder.svg").mkdir()
    assert refusal(capsys, *arguments) == f"Error: {expected}"


@pytest.mark.parametrize("option", ["--calls", "--budget", "--timeout", "--cores"])
@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "-inf", "1e400", "many", "", "9" * 5000])
def test_impossible_numbers_are_refused(capsys: pytest.CaptureFixture[str], option: str, value: str) -> None:
    """A size, time or number of cores that makes no sense is refused in a line that names the option."""
    line = refusal(capsys, "work:wait", option, value)
    assert line.startswith(f"Error: Invalid value for '{option}': ")


def test_an_unknown_option_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """An option that does not exist is refused by its name."""
    assert "--jsn" in refusal(capsys, "work:wait", "--jsn")


def test_help_shows_everything(capsys: pytest.CaptureFixture[str]) -> None:
    """`advise --help` shows the usage, examples, each option of the contract and each command."""
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Usage: advise TARGET [OPTIONS]\n       advise COMMAND [ARGS]...\n")
    options = ("inputs", "calls", "budget", "timeout", "verify", "cores", "json", "plot", "code", "version", "help")
    for word in (*(f"\n  --{option} " for option in options), "\n  describe ", "\n  matrix ", "\n  serve "):
        assert word in shown
    assert "TARGET  " not in shown


def test_help_after_a_target_is_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """--help is answered wherever it stands, with the help of the command it belongs to."""
    assert main(["--help"]) == 0
    general = capsys.readouterr().out
    assert main(["work:wait", "--help"]) == 0
    assert capsys.readouterr().out == general
    assert main(["serve", "--help"]) == 0
    assert "--port" in capsys.readouterr().out


def test_without_arguments_the_help_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """`advise` alone shows how it is used, with status 2."""
    assert main([]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("Usage: advise TARGET [OPTIONS]")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """`advise --version` prints the package's version."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"advise {advisor.__version__}\n"


def test_a_description_gets_advice(capsys: pytest.CaptureFixture[str]) -> None:
    """`advise describe` takes words, quoted or not, plans for as many calls and cores as asked, and prints JSON."""
    assert main(["describe", "downloading", "files", "--json", "--calls", "70", "--cores", "3"]) == 0
    advice = Advice.model_validate_json(capsys.readouterr().out)
    assert (advice.recommendation, advice.evidence) == ("threading", "described")
    assert (advice.job.calls, advice.machine.cores) == (70, 3)
    assert main(["--json", "--calls", "70", "--cores", "3", "describe", "downloading files"]) == 0
    again = Advice.model_validate_json(capsys.readouterr().out)
    free = {"machine": {"memory"}}  # what this host has free differs from one moment to the next
    assert again.model_dump(exclude=free) == advice.model_dump(exclude=free)


def test_a_description_from_standard_input(project: Path) -> None:
    """`advise describe -` reads the text from standard input, whatever bytes it holds."""
    command = [sys.executable, "-m", "advisor", "describe", "-", "--json"]
    done = subprocess.run(command, input=b"video encoding \xff\x00\n", capture_output=True, timeout=60)
    assert Advice.model_validate_json(done.stdout).recommendation == "multiprocessing"


@pytest.mark.parametrize("text", ["", " ", "\x00", "\udcff", "🧵" * 5000, "C:\\work.py:func", "a:b"])
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_odd_descriptions_are_answered(capsys: pytest.CaptureFixture[str], text: str, options: list[str]) -> None:
    """A description that is empty, huge or no text at all is answered, never with an exception."""
    assert main(["describe", text, *options]) == 0
    assert capsys.readouterr().out


def test_the_matrix(capsys: pytest.CaptureFixture[str]) -> None:
    """`advise matrix` prints the notebook's rows, as text or as JSON."""
    assert main(["matrix"]) == 0
    assert re.search(r"\nDownloading 100 files +threading +I/O bound", capsys.readouterr().out)
    assert main(["matrix", "--json"]) == 0
    tables = json.loads(capsys.readouterr().out)
    assert len(tables["matrix"]) == 8
    assert all(row["source"] for row in tables["matrix"])


def test_a_closed_pipe_is_silent(project: Path) -> None:
    """`advise matrix | head -1` says nothing about the pipe."""
    shell = f"{sys.executable} -m advisor matrix | head -1"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, timeout=60)
    assert done.stdout == "The decision matrix, when nothing else is known\n"
    assert done.stderr == ""
    child = subprocess.Popen(
        [sys.executable, "-m", "advisor", "matrix", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.close()
    with child.stderr:
        assert child.stderr.read() == b""
    assert child.wait(timeout=30) == 0


def test_a_terminal_without_unicode_gets_plain_signs(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where standard output is ASCII, text uses plain signs and a JSON document stays UTF-8."""
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    done = run("describe", "processing 100 images")
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert re.search(r"\n#+=*", done.stdout)
    done = run("matrix", "--json")
    assert "“" in json.loads(done.stdout)["matrix"][0]["source"]


def terminal_output(*arguments: str) -> str:
    """What a person sees who runs the command in a terminal of 80 columns: both streams."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80"}
    command = [sys.executable, "-m", "advisor", *arguments]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as child:
        os.close(theirs)
        seen = b"".join(chunks(ours))
        os.close(ours)
    assert child.returncode == 0
    return seen.decode()


def chunks(descriptor: int) -> Iterator[bytes]:
    while True:
        try:
            chunk = os.read(descriptor, 65536)
        except OSError as error:
            if error.errno != errno.EIO:  # Linux says so when the last process has closed the terminal
                raise
            return
        if not chunk:
            return
        yield chunk


def test_a_terminal_gets_colours_and_a_bar_that_goes_away(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the progress is shown while measuring and wiped at the end, and the advice has colours."""
    seen = terminal_output("work:wait", *QUICK)
    start = seen.index("Threading with")
    assert "%" in seen[:start]
    assert "\x1b[2K" in seen[:start]
    assert "\x1b[32m" in seen
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[\d*m", terminal_output("describe", "processing 100 images"))


def test_serve_answers_until_it_is_ended(project: Path) -> None:
    """`advise serve` listens on the address that it prints, answers, and ends cleanly on Ctrl-C."""
    child = subprocess.Popen(
        [sys.executable, "-m", "advisor", "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stderr
    found = re.match(r"Listening on (http://127\.0\.0\.1:\d+) ", child.stderr.readline())
    assert found
    with urllib.request.urlopen(f"{found[1]}/healthz", timeout=20) as answer:
        assert answer.status == 200
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=20)
    assert child.returncode in (0, 130)
    assert "Traceback" not in errors


def test_serve_on_an_address_that_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    """An address that can't be listened on is one line, and status 2."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        line = refusal(capsys, "serve", "--port", str(port))
    assert line.startswith(f"Error: cannot listen on 127.0.0.1 port {port}: {os.strerror(errno.EADDRINUSE)}")


def test_serve_without_flask_names_the_extra(project: Path) -> None:
    """Where Flask is not installed, `advise serve` says what to install."""
    code = "import sys; sys.modules['flask'] = None; from advisor.cli.commands import main; sys.exit(main(['serve']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "pip install 'workload-advisor[service]'" in done.stderr
    assert done.stderr.count("\n") == 1
