"""Help, and command lines that are wrong: one line on standard error that names what is wrong, and status 2."""

from __future__ import annotations

import os
from errno import EISDIR, ENOENT
from pathlib import Path

import pytest

import advisor
from advisor.cli.main import main
from advisor.errors import UsageError
from advisor.models import Profile
from tests.command_line import FAST, cache, error_line, project, run

__all__ = ["cache", "project"]  # fixtures

Output = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["nowhere:func"], "nowhere"),
        (["work:nothing"], "nothing"),
        (["work:double"], "--inputs"),
        (["work:wait", "--inputs", "work:numbers"], "does not fit"),
        (["work:double", "--inputs", "missing.txt"], "missing.txt"),
        (["work:wait", "--inputs", "missing:inputs"], "missing"),
        (["missing.py:func"], "missing.py"),
        ([r"C:\somewhere\work.py:func"], "work.py"),
        (["builtins:max"], "builtins:max needs arguments: give them with --inputs FILE or my_module:make_inputs"),
    ],
)
def test_targets_and_inputs_that_do_not_exist(
    project: Path, capfd: Output, arguments: list[str], expected: str
) -> None:
    """A missing module, function, file or argument is named."""
    line = error_line(capfd, *arguments, *FAST)
    assert line.startswith("Error: ")
    assert expected in line


@pytest.mark.parametrize(
    ("text", "expected"), [("\n", "standard input holds no inputs"), ("[1\n", "does not fit"), ("", "no inputs")]
)
def test_errors_in_standard_input_name_it(project: Path, text: str, expected: str) -> None:
    """The message never names the temporary file that holds standard input."""
    done = run("work:wait", "--inputs", "-", *FAST, text=text)
    assert (done.returncode, done.stdout) == (2, "")
    assert expected in done.stderr
    assert "advisor-inputs" not in done.stderr
    assert done.stderr.count("\n") == 1


NO_COMMAND = "(a target is written module:function;"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["describ", "x"], f"no such command: 'describ' {NO_COMMAND} did you mean 'describe'?)"),
        (
            ["xyz"],
            f"no such command: 'xyz' {NO_COMMAND} commands are describe, journal, matrix, races, run, serve, survey)",
        ),
        (["work.py"], "'work.py' names no function: write work.py:function"),
        (["work.ipynb"], "'work.ipynb' names no function: write work.ipynb:function"),
        (["work.wait"], "'work.wait' names no function: write work:wait or work.wait:function"),
        (["--json"], "Missing argument 'TARGET'."),
        (["describe"], "Missing argument 'TEXT...'."),
        (["races"], "Missing argument 'TARGET'."),
        (["matrix", "nonsense"], "the lexicon has no entry for 'nonsense'"),
        (["work:wait", "extra"], "Got unexpected extra argument (extra)"),
        (
            ["work:wait", "--json", "--code"],
            "--json and --code cannot be combined: standard output holds one document",
        ),
        (
            ["work:wait", "--verify", "--server", "http://host"],
            "--verify and --server cannot be combined: a server runs no targets",
        ),
        (
            ["nowhere:func", "--server", "example.org"],
            "--server example.org: the address must start with http:// or https://",
        ),
        (["work:wait", "--plot", "curves.pdf"], "--plot curves.pdf: the name must end in .png or .svg"),
        (["work:wait", "--plot", ".png"], "--plot .png: the name must end in .png or .svg"),
        (["work:wait", "--plot", "no/where.png"], "--plot no/where.png: there is no folder no"),
        (["work:wait", "--plot", "folder.svg"], f"cannot write folder.svg: {os.strerror(EISDIR)}"),
        (["work:wait", "--save-profile", "no/p.json"], f"cannot write no/p.json: {os.strerror(ENOENT)}"),
        (["work:wait", "--html", "no/p.html"], f"cannot write no/p.html: {os.strerror(ENOENT)}"),
        (["describe", "x", "--html", "."], f"cannot write .: {os.strerror(EISDIR)}"),
        (["work:wait", "--save-profile", "."], f"cannot write .: {os.strerror(EISDIR)}"),
        (
            ["races", "work:wait", "--seed", "1", "--replay", "2"],
            "--seed and --replay cannot be combined: search, or run one interleaving again",
        ),
        (["races", "work:wait", "--html", "no/r.html"], f"cannot write no/r.html: {os.strerror(ENOENT)}"),
    ],
)
def test_a_wrong_command_line_is_one_clear_line(
    project: Path, capfd: Output, arguments: list[str], expected: str
) -> None:
    """The line says what is wrong, and nothing is measured."""
    (project / "folder.svg").mkdir()
    assert error_line(capfd, *arguments) == f"Error: {expected}"


@pytest.mark.parametrize("option", ["--calls", "--budget", "--timeout", "--cores"])
@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "1e400", "many", "", "9" * 5000])
def test_impossible_numbers_are_refused(capfd: Output, option: str, value: str) -> None:
    """A size, time or number of cores that makes no sense is refused, and the line names the option."""
    assert error_line(capfd, "work:wait", option, value).startswith(f"Error: Invalid value for '{option}': ")


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("--threads", ["1", "0", "9", "two"]),
        ("--seconds", ["0", "-1", "nan", "inf"]),
        ("--seed", ["-1", "1.5", "9" * 5000]),
        ("--replay", ["-1", ""]),
    ],
)
def test_impossible_numbers_of_a_search_for_races(capfd: Output, option: str, values: list[str]) -> None:
    """A search for races needs two to eight calls, a time above zero and a seed that is a whole number."""
    for value in values:
        line = error_line(capfd, "races", "work:wait", option, value)
        assert line.startswith(f"Error: Invalid value for '{option}': ")


def test_the_python_interface_refuses_impossible_numbers() -> None:
    """`advisor.advise` raises UsageError; the inputs given with a saved profile tell the size of its job."""
    profile = Profile(calls=1, wall=0.01)
    assert advisor.advise(profile, inputs=range(7)).job.calls == 7
    for calls in (10**15, 2.5, 0):
        with pytest.raises(UsageError, match="calls must be between 1 and"):
            advisor.advise(profile, calls=calls)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="cores is -1"):
        advisor.advise(profile, machine={"cores": -1})


def test_an_unknown_option_is_named(capfd: Output) -> None:
    """An option that does not exist is refused by its name."""
    assert "--jsn" in error_line(capfd, "work:wait", "--jsn")


def test_help_shows_everything(capfd: Output) -> None:
    """`advise --help` shows the usage, each option of the contract and each command; so does --help after a target."""
    assert main(["--help"]) == 0
    text = capfd.readouterr().out
    assert text.startswith("Usage: advise TARGET [OPTIONS]\n       advise COMMAND [ARGS]...\n")
    options = (
        "inputs",
        "calls",
        "budget",
        "timeout",
        "verify",
        "cores",
        "json",
        "html",
        "plot",
        "code",
        "version",
        "help",
    )
    commands = ("describe", "matrix", "races", "serve", "journal")
    for word in (*(f"\n  --{option} " for option in options), *(f"\n  {command} " for command in commands)):
        assert word in text
    assert "TARGET  " not in text
    assert main(["work:wait", "--help"]) == 0
    assert capfd.readouterr().out == text


@pytest.mark.parametrize("command", [["describe"], ["matrix"], ["races"], ["serve"], ["journal", "prune"]])
def test_every_option_of_a_command_is_documented(command: list[str], capfd: Output) -> None:
    """No option stands alone on its line, without a text below."""
    assert main([*command, "--help"]) == 0
    lines = capfd.readouterr().out.partition("Options:\n")[2].splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith("  --") and "  " not in line.strip():
            assert following.startswith("     "), line


def test_without_arguments_the_help_goes_to_standard_error(capfd: Output) -> None:
    """`advise` alone shows how it is used, with status 2."""
    assert main([]) == 2
    output = capfd.readouterr()
    assert output.out == ""
    assert output.err.startswith("Usage: advise TARGET [OPTIONS]")


def test_version(capfd: Output) -> None:
    """`advise --version` prints the package's version."""
    assert main(["--version"]) == 0
    assert capfd.readouterr().out == f"advise {advisor.__version__}\n"
