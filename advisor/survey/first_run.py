"""The first run of a program: started in a process of its own, with its samples collected while it runs."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from advisor.survey.program import Program
from advisor.target.process_tree import kill_tree
from advisor.target.python_command import command

SHOWN_EVERY = 0.2  # seconds
STOPPING_SECONDS = 5.0  # for the program to end after an interrupt
Ending = Literal["finished", "failed", "interrupted", "stopped"]
OnProgress = Callable[[float], None]
Frame = tuple[str, int, str]  # file, line, function


@dataclass
class Counts:
    """The time that samples with the same stack stand for, in seconds.

    Attributes:
        samples: Their number.
        computing: CPU time of the main thread.
        holding: The part of it with the GIL held.
        cores: CPU time of all threads and child processes.
        active: Threads at work in the user's code, times seconds.
    """

    samples: float = 0.0
    seconds: float = 0.0
    computing: float = 0.0
    holding: float = 0.0
    cores: float = 0.0
    active: float = 0.0

    def add(self, values: Iterable[float]) -> None:
        """Add the counts of a message."""
        for name, value in zip(vars(self), values, strict=True):
            setattr(self, name, getattr(self, name) + value)


@dataclass
class Samples:
    """What has arrived of the samples."""

    frames: list[Frame] = field(default_factory=list)
    stacks: dict[tuple[int, ...], Counts] = field(default_factory=dict)
    seconds: float = 0.0
    cpu: float = 0.0
    children: int = 0

    def add(self, message: dict[str, Any]) -> None:
        """Add a message of the sampler."""
        self.frames += [(file, line, function) for file, line, function in message["frames"]]
        for stack, values in message["stacks"]:
            self.stacks.setdefault(tuple(stack), Counts()).add(values)
        self.seconds, self.cpu, self.children = message["seconds"], message["cpu"], message["children"]


@dataclass(frozen=True)
class Child:
    """A program that runs, and the descriptor on which its measurements arrive."""

    process: subprocess.Popen[bytes]
    messages: int


def start(entry: str, program: Program, question: dict[str, Any], *, output_to_errors: bool) -> Child:
    """Start a program in a process of its own, with the streams of this one.

    Args:
        entry: The function that the process begins with, 'package.module:function'.
        program: The program.
        question: Further fields of the JSON object that the function gets.
        output_to_errors: What the program prints goes to standard error.
    """
    reader, writer = os.pipe()
    asked = {"name": program.name, "arguments": program.arguments, "is_module": program.is_module, **question}
    try:
        process = subprocess.Popen(
            command(entry, str(writer), json.dumps(asked)), pass_fds=(writer,), stdout=2 if output_to_errors else None
        )
    except BaseException:
        os.close(reader)
        raise
    finally:
        os.close(writer)
    return Child(process, reader)


def first_run(
    program: Program,
    *,
    packages: tuple[str, ...] = (),
    limit: float | None = None,
    output_to_errors: bool = False,
    on_progress: OnProgress | None = None,
) -> tuple[Samples, int, Ending]:
    """Run a program and sample its stacks; return the samples, the exit status and how it ended.

    Args:
        program: The program.
        packages: Installed packages whose loops count as the user's.
        limit: Seconds after which the program is stopped; None lets it run to its end.
        output_to_errors: What the program prints goes to standard error.
        on_progress: Called with the seconds since the start, now and then.
    """
    child = start(
        "advisor.survey.first_run_child:main", program, {"packages": packages}, output_to_errors=output_to_errors
    )
    samples = Samples()
    status, ending = attend(child, samples.add, limit=limit, on_progress=on_progress)
    return samples, status, ending


def attend(
    child: Child, on_message: Callable[[dict[str, Any]], None], *, limit: float | None, on_progress: OnProgress | None
) -> tuple[int, Ending]:
    """Read a program's messages until it has ended; Ctrl-C, which it gets as well, ends it and not this process."""
    began = time.monotonic()
    interrupted = False

    def note(number: int, frame: object) -> None:
        nonlocal interrupted
        if interrupted:  # a second Ctrl-C does not wait for the program any more
            kill_tree(child.process.pid)
        interrupted = True

    before = signal.signal(signal.SIGINT, note)
    is_late = False
    try:
        for line in _lines(child, began, on_progress):
            if line:
                on_message(json.loads(line))
            if limit is not None and not is_late and time.monotonic() - began > limit:
                is_late = True
                child.process.send_signal(signal.SIGINT)
            if is_late and limit is not None and time.monotonic() - began > limit + STOPPING_SECONDS:
                kill_tree(child.process.pid)
        status = child.process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
        if child.process.poll() is None:
            kill_tree(child.process.pid)
            child.process.wait()
        os.close(child.messages)
    status = status if status >= 0 else 128 - status
    if is_late:
        return status, "stopped"
    if interrupted:
        return status, "interrupted"
    return status, "finished" if status == 0 else "failed"


def _lines(child: Child, began: float, on_progress: OnProgress | None) -> Iterator[bytes]:
    """Yield the lines that arrive, and an empty one now and then, until the program has ended and all is read."""
    data = b""
    is_open = True
    while True:
        has_ended = child.process.poll() is not None
        ready: list[int] = []
        if is_open:
            ready, _, _ = select.select([child.messages], [], [], 0.0 if has_ended else SHOWN_EVERY)
        elif not has_ended:  # the program has closed what it does not know
            time.sleep(SHOWN_EVERY)
        if ready:
            read = os.read(child.messages, 1 << 16)
            is_open = bool(read)
            *lines, data = (data + read).split(b"\n")
            yield from filter(None, lines)
        elif has_ended:
            return
        if on_progress is not None:
            on_progress(time.monotonic() - began)
        yield b""
