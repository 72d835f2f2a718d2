"""Find races between concurrent calls of a function, in a process where it can do no harm."""

from __future__ import annotations

import base64
import platform
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from advisor.errors import TargetError, UsageError
from advisor.input_limits import MAX_RACING_CALLS, MIN_RACE_SECONDS
from advisor.interleaving.question import RaceQuestion
from advisor.interleaving.restoring import restore_all
from advisor.models.race_report import RaceReport
from advisor.target import sandbox_supervisor
from advisor.target.piped_inputs import as_file

_GRACE = 0.3  # seconds of silence in addition


def find_races(question: RaceQuestion, on_progress: Callable[[int], None] | None = None) -> RaceReport:
    """Search for a race or a deadlock; `on_progress` gets the number of interleavings tried so far.

    Files that the calls write are as before afterwards.

    Raises:
        UsageError: The question is wrong.
        TargetError: The target fails by itself.
    """
    check(question)
    began = time.monotonic()

    def on_message(message: sandbox_supervisor.Message) -> None:
        if on_progress and "schedules" in message:
            on_progress(message["schedules"])

    with as_file(question.inputs) as inputs, tempfile.TemporaryDirectory(prefix="advisor-races-") as folder:
        try:
            answer = sandbox_supervisor.run(
                "advisor.interleaving.child:serve",
                request_of(question, inputs, folder),
                timeout=question.seconds + _GRACE,
                on_message=on_message,
            )
        except TargetError as error:
            text = str(error).replace("--timeout SECONDS", "seconds" if question.pickled else "--seconds")
            raise TargetError(text, traceback=error.traceback, output=error.output) from error
        finally:
            restore_all(Path(folder))
    return _report(question, answer, time.monotonic() - began)


def check(question: RaceQuestion) -> None:
    """Raise UsageError for numbers outside the limits."""
    if not 2 <= question.threads <= MAX_RACING_CALLS:
        raise UsageError(f"threads must be from 2 to {MAX_RACING_CALLS}, not {question.threads}", field="threads")
    if not question.seconds >= MIN_RACE_SECONDS:
        raise UsageError(f"seconds must be at least {MIN_RACE_SECONDS}, not {question.seconds}", field="seconds")


def request_of(question: RaceQuestion, inputs: str | None, folder: str) -> sandbox_supervisor.Message:
    """Return the request for the child process: the question, the file of its inputs, and a folder for copies."""
    return {
        "target": question.target,
        "inputs": inputs,
        "star": question.star,
        "threads": question.threads,
        "seconds": question.seconds,
        "ends_at": time.monotonic() + question.seconds,
        "seed": question.seed,
        "replay": question.replay,
        "pickled": base64.b64encode(question.pickled).decode() if question.pickled else "",
        "path": [entry for entry in sys.path if isinstance(entry, str)],  # where this process found the function
        "sources": dict(question.sources),
        "folder": folder,
    }


def _report(question: RaceQuestion, answer: sandbox_supervisor.Message, seconds: float) -> RaceReport:
    return RaceReport.model_validate(
        {
            "target": question.target,
            "verdict": answer["verdict"],
            "why": answer.get("why", ""),
            "schedules": answer["schedules"],
            "bound": answer["bound"],
            "python": interpreter(),
            "threads": question.threads,
            "inputs": answer["inputs"],
            "seconds": seconds,
            "finding": answer.get("finding"),
        }
    )


def interpreter() -> str:
    """Return the name and the kind of this interpreter."""
    kind = " free-threaded" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    if kind and getattr(sys, "_is_gil_enabled", bool)():
        kind += ", with the GIL"
    return f"{platform.python_implementation()} {sys.version.split()[0]}{kind}"
