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
from advisor.models.input_source import Form
from advisor.target import ipython_session, sampling
from advisor.target.failures import target_error
from advisor.target.loader import find_attribute, import_source, split_spec
from advisor.target.notebook_file import is_notebook

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


class InputCalls(list[Call]):
    """The calls for the inputs, or for an even sample of them if they are too many.

    Attributes:
        indices: The index of each call's input among all inputs.
        total: The number of all inputs.
        forms: How the inputs were turned into calls.
        expression: The expression for the inputs in the notebook that has them, if there is one.
    """

    expression: str | None = None

    def __init__(self, calls: Iterable[Call], indices: Sequence[int], total: int, forms: frozenset[Form]) -> None:
        super().__init__(calls)
        self.indices = indices
        self.total = total
        self.forms = forms


def load_calls(inputs: str | None, *, star: bool = False, limit: int = MAX_INPUTS) -> InputCalls | None:
    """Return the calls that `--inputs` names, or None without inputs.

    A `.jsonl` file is JSON Lines, any other file is text, one argument a line; 'my_module:make_inputs' is a callable
    that returns or yields the arguments, or a list of them. With `star`, tuples, lists and dictionaries are spread.
    Raises UsageError if the inputs cannot be read, are empty, or do not end.
    """
    if inputs is None:
        return None
    path = Path(inputs)
    if is_notebook(inputs):
        raise UsageError(f"{inputs} is a notebook, not a file of inputs: write {inputs}:name")
    if path.is_file():
        calls = _from_file(path, limit, star=star)
    elif ":" in inputs and path.suffix != ".jsonl":
        calls = _from_source(inputs, limit, star=star)
    elif path.exists():
        raise UsageError(f"the inputs {inputs} are not a file")
    else:
        raise UsageError(f"no such inputs file: {inputs}")
    if not calls:
        raise UsageError(f"{_source_name(path)} holds no inputs")
    return calls


def as_calls(inputs: Iterable[Any] | None, *, star: bool = False) -> InputCalls | None:
    """Return the calls for inputs given in Python, or None for None; raise UsageError for empty or endless inputs."""
    if inputs is None or isinstance(inputs, InputCalls):
        return inputs
    if not isinstance(inputs, Iterable):
        raise UsageError(f"inputs must be a list or another iterable of arguments, not {type(inputs).__name__}")
    sample = sampling.sample(inputs, MAX_INPUTS, "the inputs")
    named = ((f"input {index + 1}", value) for index, value in zip(sample.indices, sample.values, strict=True))
    calls = _calls(named, sample, star=star)
    if not calls:
        raise UsageError("there are no inputs: pass one for each call, or None for a function without arguments")
    if ipython_session.is_running() and not isinstance(inputs, Iterator):  # which has been read
        calls.expression = ipython_session.name_of(inputs)
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
            hint = _star_hint(signature, call)
            raise UsageError(f"{call.where or 'an input'} does not fit {name}{signature}: {error}{hint}") from None


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


def parse_json_line(line: str, where: str, hint: str = "") -> Any:
    """Parse a line of JSON Lines; raise UsageError, with a hint at the end, if it is not valid."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where} is not JSON: {error}{hint}") from None


def source_values(spec: str) -> Iterable[Any]:
    """Return the list that 'my_module:inputs' names, or what its function returns.

    Raises:
        UsageError: There is no such list or function, or it returns no iterable.
        TargetError: The function raised.
    """
    source, name = split_spec(spec)
    try:
        found = find_attribute(import_source(source, name), name)
    except AttributeError:
        found = None
    if not callable(found) and not isinstance(found, Iterable):
        raise UsageError(f"no such inputs: {source} has no function or list '{name}'")
    try:
        values = found() if callable(found) else found
    except Exception as error:
        raise target_error(error, f"making the inputs with {spec}") from error
    if not isinstance(values, Iterable):
        raise UsageError(f"{spec} returned {type(values).__name__}, not the arguments of the calls")
    return values


def _needs_arguments(name: str) -> UsageError:
    return UsageError(
        f"{name} needs arguments: give them with --inputs FILE or my_module:make_inputs, in Python with inputs=[…]"
    )


def _source_name(path: Path) -> str:
    """Return the inputs' name as the user knows it."""
    if path.name.startswith(PIPE):
        return "the inputs' pipe"
    return "standard input" if path.name.startswith(STANDARD_INPUT) else str(path)


def _star_hint(signature: inspect.Signature, call: Call) -> str:
    """Return the end of an error that names --star, if the call's one argument would fit when it is spread."""
    if len(call.args) != 1 or call.kwargs:
        return ""
    value = call.args[0]
    try:
        if isinstance(value, (tuple, list)):
            signature.bind(*value)
        elif isinstance(value, dict):
            signature.bind(**value)
        else:
            return ""
    except TypeError:
        return ""
    kind = "keyword" if isinstance(value, dict) else "positional"
    return f"; to spread each {type(value).__name__} into {kind} arguments, add --star (in Python: star=True)"


def _calls(items: Iterable[tuple[str, Any]], sample: sampling.Sample[Any], *, star: bool) -> InputCalls:
    """Return the calls for the inputs of a sample, each with its name for errors."""
    forms: set[Form] = set()
    calls = []
    for where, value in items:
        form = form_of(value, star=star)
        forms.add(form)
        calls.append(_call(value, form, where))
    if sample.total > len(calls):  # the inputs that are not in the sample may have any form
        forms |= {"call", "value", "args", "kwargs"} if star else {"call", "value"}
    return InputCalls(calls, sample.indices, sample.total, frozenset(forms))


def form_of(value: Any, *, star: bool) -> Form:
    """Return how an input is turned into a call."""
    if isinstance(value, Call):
        return "object"
    if isinstance(value, dict):
        if value and value.keys() <= {"args", "kwargs"}:
            return "call"
        return "kwargs" if star else "value"
    return "args" if star and isinstance(value, (tuple, list)) else "value"


def call_of(value: Any, where: str, *, star: bool) -> Call:
    """Return the call for an input; `where` names it in errors."""
    return _call(value, form_of(value, star=star), where)


def _call(value: Any, form: Form, where: str) -> Call:
    if form == "value":
        return Call((value,), where=where)
    if form == "object":
        return value  # type: ignore[no-any-return]
    if form == "args":
        return Call(tuple(value), where=where)
    args, kwargs = (value.get("args", ()), value.get("kwargs", {})) if form == "call" else ((), value)
    if not isinstance(args, (list, tuple)) or not isinstance(kwargs, dict):
        raise UsageError(f"{where}: 'args' must be a list and 'kwargs' an object")
    if not all(isinstance(key, str) for key in kwargs):
        raise UsageError(f"{where}: the keys of keyword arguments must be strings")
    return Call(tuple(args), kwargs, where)


def _from_file(path: Path, limit: int, *, star: bool) -> InputCalls:
    name = _source_name(path)
    parse = parse_json_line if path.suffix == ".jsonl" else _plain_line
    try:
        with path.open(encoding="utf-8-sig") as file:
            lines = ((n, line.rstrip("\r\n")) for n, line in enumerate(file, 1) if line.strip())
            sample = sampling.sample(lines, limit, name)
    except OSError as error:
        raise UsageError(f"cannot read the inputs {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"cannot read the inputs {path}: it is not UTF-8 text") from None
    named = ((f"line {number} of {name}", line) for number, line in sample.values)
    return _calls(((where, parse(line, where)) for where, line in named), sample, star=star)


def _plain_line(line: str, where: str) -> str:
    return line


def _from_source(spec: str, limit: int, *, star: bool) -> InputCalls:
    values = source_values(spec)
    try:
        sample = sampling.sample(values, limit, spec)
    except UsageError:
        raise
    except Exception as error:
        raise target_error(error, f"making the inputs with {spec}") from error
    named = (
        (f"input {index + 1} of {spec}", value) for index, value in zip(sample.indices, sample.values, strict=True)
    )
    return _calls(named, sample, star=star)
