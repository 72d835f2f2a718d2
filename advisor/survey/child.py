"""Start a surveyed program in a process of its own, read its messages until it ends, and let nothing outlive it."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any, Literal

from advisor.survey.program import Program
from advisor.target.process_tree import ending_orphans, kill_tree
from advisor.target.python_command import command

SHOWN_EVERY = 0.2  # seconds
STOPPING_SECONDS = 5.0  # for the program to end after an interrupt
Ending = Literal["finished", "failed", "interrupted", "stopped"]
OnProgress = Callable[[float], None]


@dataclass(frozen=True)
class Streams:
    """The standard streams of the program; None is this process's own.

    Attributes:
        input: A descriptor.
        output: A descriptor, or `subprocess.DEVNULL`.
        errors: A descriptor or a file.
    """

    input: int | None = None
    output: int | None = None
    errors: int | IO[bytes] | None = None


INHERITED = Streams()


@dataclass(frozen=True)
class Child:
    """A program that runs.

    Attributes:
        messages: The descriptor on which its measurements arrive.
        end: A descriptor that becomes readable when the program has ended; None where the kernel has none.
    """

    process: subprocess.Popen[bytes]
    messages: int
    end: int | None


def run_child(
    entry: str,
    program: Program,
    question: dict[str, Any],
    on_message: Callable[[dict[str, Any]], None],
    *,
    streams: Streams,
    limit: float | None,
    on_progress: OnProgress | None,
) -> tuple[int, Ending]:
    """Run a program to its end; return its exit status and how it ended.

    Args:
        entry: The function that the process begins with, 'package.module:function'.
        program: The program.
        question: Further fields of the JSON object that the function gets.
        on_message: Called with each JSON object that the process sends.
        streams: The program's input and outputs.
        limit: Seconds after which the program is stopped; None lets it run to its end.
        on_progress: Called with the seconds since the start, now and then.
    """
    with ending_orphans():
        child = _start(entry, program, question, streams)
        return _attend(child, on_message, limit=limit, on_progress=on_progress)


def _start(entry: str, program: Program, question: dict[str, Any], streams: Streams) -> Child:
    reader, writer = os.pipe()
    asked = {"name": program.name, "arguments": program.arguments, "is_module": program.is_module, **question}
    try:
        process = subprocess.Popen(
            command(entry, str(writer), json.dumps(asked)),
            pass_fds=(writer,),
            stdin=streams.input,
            stdout=streams.output,
            stderr=streams.errors,
        )
    except BaseException:
        os.close(reader)
        raise
    finally:
        os.close(writer)
    return Child(process, reader, _end_of(process))


def _end_of(process: subprocess.Popen[bytes]) -> int | None:
    try:
        return os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # no Linux, or one before 5.3
        return None


def _attend(
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
        if child.end is not None:
            os.close(child.end)
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
        sources = [child.messages] if is_open else []  # the program may close what it does not know
        if child.end is not None and not has_ended:
            sources.append(child.end)
        ready, _, _ = select.select(sources, [], [], 0.0 if has_ended else SHOWN_EVERY)
        if child.messages in ready:
            read = os.read(child.messages, 1 << 16)
            is_open = bool(read)
            *lines, data = (data + read).split(b"\n")
            yield from filter(None, lines)
        elif has_ended:
            return
        if on_progress is not None:
            on_progress(time.monotonic() - began)
        yield b""
