"""Copy piped inputs to a file: a pipe can be read only once, by one process."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from advisor.errors import UsageError
from advisor.input_limits import MAX_INPUT_BYTES
from advisor.target.inputs import PIPE, STANDARD_INPUT, looks_like_json_lines


def is_pipe(inputs: str) -> bool:
    """Return True for standard input ("-") and for other pipes, such as a shell's `<(command)`."""
    path = Path(inputs)
    return inputs == "-" or (path.exists() and not path.is_dir() and (inputs.startswith("/dev/") or not path.is_file()))


def for_script(inputs: str | None) -> str | None:
    """Return the inputs for a script that runs later, when a pipe is gone: its standard input."""
    return "-" if inputs is not None and is_pipe(inputs) else inputs


@contextlib.contextmanager
def as_file(inputs: str | None) -> Iterator[str | None]:
    """Yield the inputs as several processes can read them: those of a pipe from a temporary file.

    Raises:
        UsageError: The pipe cannot be read, is not UTF-8 text or holds too much.
    """
    if inputs is None or not is_pipe(inputs):
        yield inputs
        return
    text = _text_of(inputs)
    suffix = ".jsonl" if looks_like_json_lines(text) else ".txt"
    prefix = STANDARD_INPUT if inputs == "-" else PIPE
    descriptor, name = tempfile.mkstemp(prefix=prefix, suffix=suffix)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        yield name
    finally:
        Path(name).unlink(missing_ok=True)


def _text_of(inputs: str) -> str:
    name = "standard input" if inputs == "-" else inputs
    try:
        with contextlib.nullcontext(sys.stdin.buffer) if inputs == "-" else Path(inputs).open("rb") as pipe:
            content = pipe.read(MAX_INPUT_BYTES + 1)
    except OSError as error:
        raise UsageError(f"cannot read the inputs on {name}: {error.strerror}") from None
    if len(content) > MAX_INPUT_BYTES:
        raise UsageError(f"{name} holds more than {MAX_INPUT_BYTES >> 20} MB of inputs: put them into a file")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"cannot read the inputs on {name}: it is not UTF-8 text") from None
