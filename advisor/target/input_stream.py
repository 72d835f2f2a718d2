"""Read the inputs of a job one by one: none is read long before its call, and millions need no memory."""

from __future__ import annotations

import os
import selectors
import stat
from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Literal, NamedTuple

from advisor.errors import UsageError
from advisor.target.failures import target_error
from advisor.target.inputs import Call, call_of, looks_like_json_lines, parse_json_line, source_values
from advisor.target.notebook_file import is_notebook
from advisor.target.piped_inputs import is_pipe

Format = Literal["json", "text"]
BLOCK = 1 << 16  # bytes of a pipe
FILE_BLOCK = 1 << 20


class Opened(NamedTuple):
    """Inputs, each a `Call` or a text, the only argument of a call; and the first one, which is still to be read."""

    inputs: Iterable[Any]
    first: Call | str


def open_inputs(
    inputs: str, input_format: Format | None = None, *, star: bool = False, standard_input: int = 0
) -> Opened:
    """Open the inputs that `--inputs` names, to be read once.

    Args:
        inputs: A file, '-' or another pipe, or 'my_module:make_inputs'.
        input_format: Of a file or pipe. By default, a `.jsonl` file is JSON Lines, other files are text, and the first
            line of a pipe decides.
        star: Spread tuples, lists and dictionaries into the arguments of a call.
        standard_input: The descriptor that '-' stands for.

    Raises:
        UsageError: They cannot be read, or there are none.
        TargetError: The user's code that makes them raised.
    """
    path = Path(inputs)
    if is_pipe(inputs):
        name = "standard input" if inputs == "-" else inputs
        piped = PipedInputs(_open_pipe(inputs, standard_input), name, input_format, star=star)
        return Opened(piped, piped.first)
    if is_notebook(inputs):
        raise UsageError(f"{inputs} is a notebook, not a file of inputs: write {inputs}:name")
    if path.is_file():
        file = FileInputs(path, input_format or ("json" if path.suffix == ".jsonl" else "text"), star=star)
        return Opened(file, next(iter(file)))
    if ":" in inputs and path.suffix != ".jsonl":
        return _from_source(inputs, star=star)
    raise UsageError(f"the inputs {inputs} are not a file" if path.exists() else f"no such inputs file: {inputs}")


class FileInputs:
    """The lines of a file that are not blank, each one an input.

    Args:
        path: The file, which is read once now, to count the inputs.
        input_format: What a line is.
        star: Spread what JSON has in a line.
    """

    def __init__(self, path: Path, input_format: Format, *, star: bool) -> None:
        self._path = path
        self._format = input_format
        self._star = star
        self._length = sum(1 for _ in self._lines())
        if not self._length:
            raise UsageError(f"{path} holds no inputs")

    def __len__(self) -> int:
        """Return the number of inputs."""
        return self._length

    def __iter__(self) -> Iterator[Call | str]:
        if self._format == "text":
            return (line for _, line in self._lines())
        named = ((f"line {number} of {self._path}", line) for number, line in self._lines())
        return (call_of(parse_json_line(line, where), where, star=self._star) for where, line in named)

    def _lines(self) -> Iterator[tuple[int, str]]:
        """Yield the lines that are not blank, with their numbers."""
        rest = b""
        number = 0
        for block in self._blocks():
            *lines, rest = (rest + block).split(b"\n") if block else (rest, b"")
            for line in lines:
                number += 1
                if line.strip():
                    yield number, self._decoded(line, number)

    def _blocks(self) -> Iterator[bytes]:
        """Yield the contents in blocks, and an empty one at the end.

        The file is open only while a block is read: an open one whose position moves would look like a file that the
        calls share.
        """
        offset = 0
        block = b" "
        while block:
            try:
                with self._path.open("rb") as file:
                    file.seek(offset)
                    block = file.read(FILE_BLOCK)
            except OSError as error:
                raise UsageError(f"cannot read the inputs {self._path}: {error.strerror}") from None
            offset += len(block)
            yield block

    def _decoded(self, line: bytes, number: int) -> str:
        try:
            return line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r")
        except UnicodeDecodeError:
            raise UsageError(f"cannot read the inputs {self._path}: line {number} is not UTF-8") from None


class PipedInputs:
    """The lines that arrive through a pipe, which are read when they are needed.

    No thread reads ahead, since worker processes should not be forked from a process with several threads.

    Args:
        descriptor: Of the pipe.
        name: Its name for errors.
        input_format: What a line is; None to let the first one decide.
        star: Spread what JSON has in a line.
    """

    def __init__(self, descriptor: int, name: str, input_format: Format | None, *, star: bool) -> None:
        self._descriptor = descriptor
        self._star = star
        self._error: UsageError | None = None
        self._name = name
        self._number = 0  # of the latest line
        self._lines: list[bytes] = []  # complete ones, the next one last
        self._rest = bytearray()  # the incomplete one after them
        self._at_end = False
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode) and hasattr(os, "pread")
        self._offset = os.lseek(descriptor, 0, os.SEEK_CUR) if is_file else None
        self._selector: selectors.BaseSelector | None = None
        if hasattr(selectors, "PollSelector"):  # Windows has none for pipes: there, reading waits
            self._selector = selectors.PollSelector()
            self._selector.register(descriptor, selectors.EVENT_READ)
        self._ahead = self._next_line(wait=True)  # the first one
        if self._ahead is None:
            raise UsageError(f"{name} holds no inputs")
        guessed: Format = "json" if looks_like_json_lines(self._ahead) else "text"
        self._format = input_format or guessed
        self._hint = "" if input_format else "; the first line is. Lines of text need --input-format text"

    @property
    def first(self) -> Call | str:
        """The first input, before any has been taken."""
        assert self._ahead is not None
        return self._parsed(self._ahead)

    def __iter__(self) -> Iterator[Call | str]:
        while (items := self.take_arrived(1, wait=True)) is not None:
            yield from items

    def take_arrived(self, count: int, *, wait: bool) -> list[Call | str] | None:
        """Return at most `count` inputs that have arrived, None after the last one; with `wait`, wait for the first."""
        if self._error is not None:
            raise self._error
        items: list[Call | str] = []
        try:
            while len(items) < count and (line := self._next_line(wait=wait and not items)) is not None:
                items.append(self._parsed(line))
        except UsageError as error:
            if not items:
                raise
            self._error = error  # for the next time: the inputs before it are good
        return None if self._at_end and not items else items

    def _parsed(self, line: str) -> Call | str:
        if self._format == "text":
            return line
        where = f"line {self._number} of {self._name}"
        return call_of(parse_json_line(line, where, self._hint), where, star=self._star)

    def _next_line(self, *, wait: bool) -> str | None:
        """Return the next line that is not blank, or None if it has not arrived or there is none."""
        if self._number and self._ahead is not None:
            line, self._ahead = self._ahead, None
            return line
        while True:
            while self._lines:
                self._number += 1
                line = self._decoded(self._lines.pop())
                if line.strip():
                    return line
            if self._at_end or not (wait or self._selector is None or self._selector.select(0)):
                return None
            self._read()

    def _read(self) -> None:
        """Read what has arrived; wait if nothing has."""
        try:
            if self._offset is None:
                block = os.read(self._descriptor, BLOCK)
            else:  # a file whose position moves would look like one that the calls share
                block = os.pread(self._descriptor, BLOCK, self._offset)
                self._offset += len(block)
        except OSError as error:
            raise UsageError(f"cannot read the inputs on {self._name}: {error.strerror}") from None
        self._at_end = not block
        complete, newline, rest = block.rpartition(b"\n")
        if newline or (self._at_end and self._rest):
            self._lines = (bytes(self._rest) + complete).split(b"\n")[::-1]
            self._rest.clear()
        self._rest += rest

    def _decoded(self, line: bytes) -> str:
        try:
            return line.decode("utf-8-sig" if self._number == 1 else "utf-8").rstrip("\r")
        except UnicodeDecodeError:
            raise UsageError(f"cannot read the inputs on {self._name}: line {self._number} is not UTF-8") from None


def _open_pipe(inputs: str, standard_input: int) -> int:
    if inputs == "-":
        return standard_input
    try:
        return os.open(inputs, os.O_RDONLY)
    except OSError as error:
        raise UsageError(f"cannot read the inputs {inputs}: {error.strerror}") from None


def _from_source(spec: str, *, star: bool) -> Opened:
    values = source_values(spec)
    listed = _ListedInputs(values, spec, star=star) if isinstance(values, Collection) else None
    calls = _calls(values, spec, star=star)
    try:
        first = next(calls)
    except StopIteration:
        raise UsageError(f"{spec} holds no inputs") from None
    return Opened(listed or chain((first,), calls), first)


class _ListedInputs:
    """The inputs of a list, or of something else whose length is known."""

    def __init__(self, values: Collection[Any], spec: str, *, star: bool) -> None:
        self._values = values
        self._spec = spec
        self._star = star

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[Call]:
        return _calls(self._values, self._spec, star=self._star)


def _calls(values: Iterable[Any], spec: str, *, star: bool) -> Iterator[Call]:
    try:
        for number, value in enumerate(values, 1):
            yield call_of(value, f"input {number} of {spec}", star=star)
    except UsageError:
        raise
    except Exception as error:
        raise target_error(error, f"making the inputs with {spec}") from error
