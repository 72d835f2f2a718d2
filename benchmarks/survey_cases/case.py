"""The form of an entry in a table of programs, and running one."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Independence = Literal["independent", "reduction", "carried", "unknown"]
Strategy = Literal["threads", "processes", "sequential"]


@dataclass(frozen=True)
class Case:
    """One program and what a survey of it should say.

    A loop is named by its header: the text of its first line without the indentation, which occurs once in the file.
    """

    name: str
    file: str  # below programs/, and below twins/ for the program parallelised by hand
    loop: str | None  # the loop to name first; where nothing gains, the loop that takes the most time, if there is one
    independence: tuple[Independence, ...]  # of that loop; all that are right, the most exact first
    strategies: tuple[Strategy, ...]  # all that are good for it, the best first
    seconds: float  # of the program on one core, CPU and waits
    inputs: str | None = None  # the function in inputs.py that makes the files it reads
    arguments: tuple[str, ...] = ()  # {inputs} and {outputs} stand for folders
    stdin: str | None = None  # a file among the inputs
    module: str | None = None  # run with -m instead of as a script
    also: tuple[str, ...] = ()  # further loops that may come first
    carried: tuple[str, ...] = ()  # further loops that must not be called independent or a reduction
    obstacles: tuple[str, ...] = ()  # what a report should name
    decoy: bool = False  # no rewrite makes the program faster
    twin_speedup: float | None = None  # of the twin on two cores, calculated from the CPU seconds of its parts
    why: str = ""

    def __post_init__(self) -> None:
        """Raise ValueError if a decoy has a twin's speed-up, or another program has none."""
        if self.decoy != (self.twin_speedup is None):
            raise ValueError(f"{self.name}: either a decoy or a twin")


@dataclass(frozen=True)
class Outcome:
    """The time, exit status, output and files of one run."""

    seconds: float
    status: int
    stdout: bytes
    stderr: bytes
    files: dict[str, bytes] = field(repr=False)

    def same_output(self, other: "Outcome") -> bool:
        """Return True if both ended alike with the same standard output and files."""
        return (self.status, self.stdout, self.files) == (other.status, other.stdout, other.files)


def line_of(path: Path, header: str) -> int:
    """Return the number of the line that consists of `header`; raise ValueError unless there is exactly one."""
    lines = path.read_text(encoding="utf-8").splitlines()
    found = [number for number, line in enumerate(lines, 1) if line.strip() == header]
    if len(found) != 1:
        raise ValueError(f"{path.name}: {len(found)} lines are {header!r}")
    return found[0]


def command(case: Case, inputs: Path, outputs: Path) -> list[str]:
    """Return what follows the interpreter on the command line, for a run in the folder of the programs."""
    arguments = [argument.format(inputs=inputs, outputs=outputs) for argument in case.arguments]
    return ["-m", case.module, *arguments] if case.module else [case.file, *arguments]


def run_case(
    case: Case, programs: Path, inputs: Path, *, before: tuple[str, ...] = (), timeout: float = 120
) -> Outcome:
    """Run a case from a folder of programs; `before` goes between the interpreter and the program."""
    with tempfile.TemporaryDirectory() as folder:
        outputs = Path(folder)
        stdin = (inputs / case.stdin).read_bytes() if case.stdin else b""
        arguments = [sys.executable, *before, *command(case, inputs, outputs)]
        start = time.perf_counter()
        done = subprocess.run(arguments, cwd=programs, input=stdin, capture_output=True, timeout=timeout)
        seconds = time.perf_counter() - start
        files = {str(path.relative_to(outputs)): path.read_bytes() for path in outputs.rglob("*") if path.is_file()}
    return Outcome(seconds, done.returncode, done.stdout.replace(folder.encode(), b""), done.stderr, files)


def make_inputs(case: Case, makers: dict[str, Callable[[Path], None]], folder: Path) -> Path:
    """Return a folder below `folder` with the inputs of the case, made on the first call."""
    target = folder / (case.inputs or "none")
    if not target.exists():
        target.mkdir(parents=True)
        if case.inputs:
            makers[case.inputs](target)
    return target
