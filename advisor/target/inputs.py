"""Turn inputs (a file, a callable or Python values) into the calls to make, and check that they fit the target."""

from __future__ import annotations

import inspect
import json
import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, cycle, islice
from pathlib import Path
from typing import Any, TypeVar

from advisor.errors import TargetError, UsageError
from advisor.input_limits import MAX_COPIED_BYTES, MAX_INPUTS
from advisor.target.failures import target_error
from advisor.target.loader import find_attribute, import_module_or_file, split_spec

T = TypeVar("T")
# Prefixes of the temporary files that hold what came through a pipe, so that errors can name the source instead.
STANDARD_INPUT = "advisor-inputs-"
PIPE = "advisor-piped-"


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments of one call.

    Args:
        args: Positional arguments.
        kwargs: Keyword arguments.
        where: Where the arguments come from, for error messages: "line 3 of pages.jsonl".
    """

    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    where: str = ""


def load_calls(inputs: str | None, *, limit: int = MAX_INPUTS) -> list[Call] | None:
    """Return the calls that `--inputs` names, or None without inputs.

    A `.jsonl` file is JSON Lines, any other file is text, one argument a line; 'my_module:make_inputs' is a callable
    that returns or yields the arguments. Raises UsageError if they cannot be read, are empty or too many.
    """
    if inputs is None:
        return None
    path = Path(inputs)
    if path.is_file():
        calls = _from_file(path, limit)
    elif ":" in inputs and path.suffix != ".jsonl":
        calls = _from_callable(inputs, limit)
    elif path.exists():
        raise UsageError(f"the inputs {inputs} are not a file")
    else:
        raise UsageError(f"no such inputs file: {inputs}")
    if not calls:
        raise UsageError(f"{_source_name(path)} holds no inputs")
    return calls


def as_calls(inputs: Iterable[Any] | None) -> list[Call] | None:
    """Return the calls for inputs given in Python, or None without; raise UsageError for none or too many."""
    if inputs is None:
        return None
    if not isinstance(inputs, Iterable):
        raise UsageError(f"inputs must be a list or another iterable of arguments, not {type(inputs).__name__}")
    calls = _limited((_as_call(value, f"input {n}") for n, value in enumerate(inputs, 1)), MAX_INPUTS, "inputs")
    if not calls:
        raise UsageError("there are no inputs: pass one for each call, or None for a function without arguments")
    return calls


def repeat_inputs(arguments: Sequence[T], count: int) -> list[T]:
    """Return `count` arguments: those given, then copies of them.

    A task of a process pool pickles each object once, however often it occurs. With the same objects over and over,
    sending a thousand calls would cost as little as sending ten, so the repetitions are copies; objects that calls
    share are shared in the copies too. Objects that cannot be pickled, or are too large, are repeated as they are.
    """
    rounds = -(-count // len(arguments))
    originals = list(arguments)
    with suppress(Exception):
        if rounds > 1 and len(first := pickle.dumps(arguments[:1])) * count <= MAX_COPIED_BYTES:
            copied = pickle.dumps(originals) if len(originals) > 1 else first
            if len(copied) * rounds <= MAX_COPIED_BYTES:
                return list(chain(originals, *(pickle.loads(copied) for _ in range(rounds - 1))))[:count]
    return list(islice(cycle(originals), count))


def check_arguments(function: Callable[..., Any], calls: Sequence[Call] | None, name: str) -> None:
    """Raise UsageError if the arguments do not fit the function's signature, or are required and missing."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return  # some builtins have no signature: see `check_missing_arguments`
    if calls is None:
        try:
            signature.bind()
        except TypeError:
            raise _needs_arguments(f"{name}{signature}") from None
        return
    for call in calls:
        try:
            signature.bind(*call.args, **call.kwargs)
        except TypeError as error:
            raise UsageError(f"{call.where or 'an input'} does not fit {name}{signature}: {error}") from None


def check_missing_arguments(function: Callable[..., Any], error: TargetError, name: str) -> None:
    """Raise UsageError if a call without arguments failed because a builtin without a signature needs some."""
    try:
        inspect.signature(function)
    except (TypeError, ValueError):
        # Frames of the user would mean that the call got as far as their code.
        if isinstance(error.__cause__, TypeError) and 'File "' not in error.traceback:
            raise _needs_arguments(name) from None


def looks_like_json_lines(text: str) -> bool:
    """Return True if inputs without a file name are JSON Lines and not plain text.

    They are if some line is a JSON object, or if every line that is not valid JSON at least begins like it: a broken
    line among JSON Lines must be reported, not turn all the others into text.
    """
    objects = values = 0
    invalid = []
    for line in filter(str.strip, text.splitlines()):
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            invalid.append(line)
            continue
        values += 1
        objects += isinstance(value, dict)
    return objects > 0 or (values > 0 and all(line.lstrip().startswith(("{", "[", '"')) for line in invalid))


def _needs_arguments(name: str) -> UsageError:
    return UsageError(f"{name} needs arguments: give them with --inputs FILE or my_module:make_inputs")


def _source_name(path: Path) -> str:
    """Return the inputs' name as the user knows it."""
    if path.name.startswith(PIPE):
        return "the inputs' pipe"
    return "standard input" if path.name.startswith(STANDARD_INPUT) else str(path)


def _from_file(path: Path, limit: int) -> list[Call]:
    name = _source_name(path)
    parse = _parse_json_line if path.suffix == ".jsonl" else _as_call
    try:
        with path.open(encoding="utf-8-sig") as file:
            lines = ((n, line.rstrip("\r\n")) for n, line in enumerate(file, 1) if line.strip())
            return _limited((parse(line, f"line {n} of {name}") for n, line in lines), limit, name)
    except OSError as error:
        raise UsageError(f"cannot read the inputs {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"cannot read the inputs {path}: it is not UTF-8 text") from None


def _parse_json_line(line: str, where: str) -> Call:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where} is not JSON: {error}") from None
    if isinstance(value, dict) and value and set(value) <= {"args", "kwargs"}:
        args, kwargs = value.get("args", []), value.get("kwargs", {})
        if not isinstance(args, list) or not isinstance(kwargs, dict):
            raise UsageError(f"{where}: 'args' must be a list and 'kwargs' an object")
        return Call(tuple(args), kwargs, where)
    return Call((value,), where=where)


def _from_callable(spec: str, limit: int) -> list[Call]:
    source, name = split_spec(spec)
    try:
        make_inputs = find_attribute(import_module_or_file(source), name)
    except AttributeError:
        make_inputs = None
    if not callable(make_inputs):
        raise UsageError(f"no such inputs: {source} has no function '{name}'")
    try:
        values = make_inputs()
        if not isinstance(values, Iterable):
            raise UsageError(f"{spec} returned {type(values).__name__}, not the arguments of the calls")
        return _limited((_as_call(value, f"input {n} of {spec}") for n, value in enumerate(values, 1)), limit, spec)
    except UsageError:
        raise
    except Exception as error:
        raise target_error(error, f"making the inputs with {spec}") from error


def _as_call(value: Any, where: str) -> Call:
    return value if isinstance(value, Call) else Call((value,), where=where)


def _limited(calls: Iterator[Call], limit: int, where: str) -> list[Call]:
    collected = list(islice(calls, limit + 1))
    if len(collected) > limit:
        raise UsageError(f"{where} gives more than {limit:,} inputs: pass a part of them and --calls")
    return collected
