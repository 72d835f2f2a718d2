"""`advise survey` and files: input is repeated, and a full disk harms neither the program nor the report."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.command_line import ROOT
from tests.test_survey_command import environment, folder, report, write

__all__ = ["folder"]  # a fixture


READS = """
import sys
total = 0
for line in sys.stdin:
    total += sum(int(line) for _ in range(200_000))
print(total)
"""


def test_both_runs_read_the_same_pipe(folder: Path) -> None:
    """Input from a pipe is there for the second run, too."""
    write(folder, READS)
    found = report(folder, "program.py", text="".join(f"{n}\n" for n in range(40)))
    assert found["runs"] == 2
    assert found["candidates"][0]["iterations"] == 40
    assert found["notes"] == [] or all("second run" not in note for note in found["notes"])


def test_both_runs_read_the_same_file(folder: Path) -> None:
    """A file on standard input is read again from where it was."""
    write(folder, READS)
    (folder / "numbers").write_text("".join(f"{n}\n" for n in range(40)))
    command = [sys.executable, "-m", "advisor", "survey", "--json=report.json", "program.py"]
    with (folder / "numbers").open() as numbers:
        subprocess.run(command, cwd=folder, env=environment(folder), stdin=numbers, check=True, timeout=60)
    found = json.loads((folder / "report.json").read_text())
    assert (found["runs"], found["candidates"][0]["iterations"]) == (2, 40)


def with_file_limit(folder: Path, kilobytes: int, *arguments: str, text: str) -> subprocess.CompletedProcess[str]:
    """Run the command where no file can become larger than so much, as if the disk was full then."""
    return subprocess.run(
        ["sh", "-c", f'ulimit -f {2 * kilobytes}; exec "$@"', "sh", sys.executable, "-m", "advisor", *arguments],
        cwd=folder,
        env=environment(folder),
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_without_space_for_a_copy_the_program_gets_all_input(folder: Path) -> None:
    """Input from a pipe that cannot be copied reaches the first run whole; there is no second one."""
    write(folder, "import sys\nn = 0\nfor line in sys.stdin:\n    n += sum(range(2000)) > 0\nprint(n)\n")
    done = with_file_limit(folder, 64, "survey", "program.py", text="a line of the input\n" * 20_000)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "20000\n"
    assert "1 run ·" in done.stderr
    assert "There was no space for a copy of the program's input, so it ran only once" in " ".join(done.stderr.split())


def test_without_space_for_a_file_the_report_is_shown(folder: Path) -> None:
    """A document that cannot be written costs only itself."""
    write(folder, "for n in range(300):\n    sum(range(60_000))\n")
    done = with_file_limit(folder, 1, "survey", "--once", "--html=page.html", "program.py", text="")
    assert done.returncode == 2
    assert "program.py:1\n    for n in range(300):" in done.stderr
    assert done.stderr.endswith("Error: cannot write page.html: File too large\n")
    assert {each.name for each in folder.iterdir()} == {"program.py", "temporary"}


def test_without_a_folder_for_temporary_files(folder: Path) -> None:
    """The program runs twice all the same, unless its input would have to be copied."""
    write(folder, "import sys\nfor n in range(300):\n    sum(range(60_000))\nsys.exit(len(sys.stdin.read()))\n")
    (folder / "sitecustomize.py").write_text("import tempfile\ntempfile.tempdir = '/no/such/folder'\n")
    started = [sys.executable, "-m", "advisor", "survey", "--json=report.json", "program.py"]
    runs = []
    for given in ({"stdin": subprocess.DEVNULL}, {"input": "seven\n"}):
        done = subprocess.run(
            started,
            cwd=folder,
            env={**environment(folder), "PYTHONPATH": f"{folder}:{ROOT}"},
            timeout=60,
            capture_output=True,
            text=True,
            **given,  # type: ignore[call-overload]
        )
        assert "Traceback" not in done.stderr, done.stderr
        runs.append((done.returncode, json.loads((folder / "report.json").read_text())["runs"]))
    assert runs == [(0, 2), (6, 1)]


def test_temporary_files_are_in_the_folder_that_is_watched(folder: Path) -> None:
    """The check for files that are left looks where they would be."""
    code = "import tempfile; print(tempfile.gettempdir())"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(folder), capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == str(folder / "temporary") != tempfile.gettempdir()
