"""Read or make the inputs of a script, one for each call."""

from __future__ import annotations

import inspect
from collections.abc import Set
from pathlib import Path
from typing import NamedTuple

from advisor.decide.codegen.imports import import_target, split_target
from advisor.decide.codegen.script import Script
from advisor.models.input_source import Form

FEW_CALLS = 10

# How a call is made from an input: {run} and {done} are what comes before and after its arguments.
SINGLE_ARGUMENT = "    return {run}(item){done}"
_TUPLE = "    return {run}(*item){done}"
_FORMS: dict[Form, tuple[str, str]] = {  # the test that tells an input of that form from those below, and the call
    "object": ('hasattr(item, "args") and hasattr(item, "kwargs")', "{run}(*item.args, **item.kwargs){done}"),
    "call": (
        'isinstance(item, dict) and item and item.keys() <= {{"args", "kwargs"}}',
        '{run}(*item.get("args", []), **item.get("kwargs", {{}})){done}',
    ),
    "args": ("isinstance(item, (tuple, list))", "{run}(*item){done}"),
    "kwargs": ("isinstance(item, dict)", "{run}(**item){done}"),
    "value": ("True", "{run}(item){done}"),
}
_JSON_FORMS: frozenset[Form] = frozenset({"call", "value"})


class Inputs(NamedTuple):
    """The lines that make `inputs`, and the body of `call(item)` where an input is not the one argument."""

    lines: list[str]
    call: str = ""


EXAMPLE = Inputs(["inputs = range(20)  # FILL IN: the argument of each call"])


def write_inputs(script: Script, inputs: str, calls: int | None, forms: frozenset[Form] | None) -> Inputs:
    """Write the code that reads the inputs and turns them into calls.

    Args:
        script: The script.
        inputs: The source of the inputs, as on the command line.
        calls: The number of calls if it differs from the number of inputs, else None.
        forms: The forms of the inputs, or None if they were not read.
    """
    written = _read(script, inputs, forms)
    _repeat(script, written, calls)
    return written


def _repeat(script: Script, written: Inputs, calls: int | None) -> None:
    if calls is not None:
        script.imports.add("from itertools import cycle, islice")
        written.lines.append(
            f"inputs = list(islice(cycle(inputs), {calls:_}))  # repeat the inputs to make as many calls as planned"
        )


def write_notebook_inputs(
    script: Script, expression: str | None, calls: int | None, forms: frozenset[Form] | None
) -> Inputs:
    """Write the code for inputs that a notebook has, as `write_inputs` does; a list to fill in if they have no name."""
    if expression is None:
        return Inputs(["inputs = []  # FILL IN: the argument of each call"], _call(forms or frozenset({"value"})))
    written = Inputs([f"inputs = {expression}"], _call(forms or frozenset({"value"})))
    _repeat(script, written, calls)
    return written


def _read(script: Script, inputs: str, forms: frozenset[Form] | None) -> Inputs:
    if inputs == "-":
        script.imports |= {"import json", "import sys"}
        return Inputs(
            [
                'lines = [line.rstrip("\\r\\n") for line in sys.stdin if line.strip()]',
                "try:",
                "    inputs = [json.loads(line) for line in lines]",
                "except ValueError:  # text: each line is an argument",
                "    inputs = lines",
            ],
            _call(_JSON_FORMS | (forms or frozenset())),  # another file may come through the pipe next time
        )
    module, names = split_target(inputs)
    if module and not Path(inputs).is_file():
        lines = [f"inputs = list({import_target(script, module, names, on_object=False)}())"]
        return Inputs(lines, _call(forms or frozenset({"value"})))
    opened = f'with open({inputs!r}, encoding="utf-8-sig") as lines:'
    if inputs.endswith(".jsonl"):
        script.imports.add("import json")
        read = "    inputs = [json.loads(line) for line in lines if line.strip()]"
        known = forms or (_JSON_FORMS if _may_hold_calls(Path(inputs)) else frozenset({"value"}))
        return Inputs([opened, read], _call(known))
    return Inputs([opened, '    inputs = [line.rstrip("\\r\\n") for line in lines if line.strip()]'])


def _call(forms: Set[Form]) -> str:
    """Return the body of `call(item)` for inputs of these forms; empty if each input is the only argument."""
    if forms == {"value"}:
        return ""
    *others, last = [row for form, row in _FORMS.items() if form in forms]
    lines = [f"    if {condition}:\n        return {call}" for condition, call in others]
    return "\n".join([*lines, f"    return {last[1]}"])


def write_no_inputs(function: object | None, calls: int | None, *, bound: bool) -> Inputs:
    """Call a function without arguments repeatedly; leave a list to fill in if it needs arguments."""
    if function is not None and _needs_arguments(function, bound=bound):
        return Inputs(["inputs = []  # FILL IN: the arguments, one tuple for each call"], _TUPLE)
    again = f"inputs = [()] * {calls or FEW_CALLS:_}  # FILL IN: the arguments, one tuple for each call; () is none"
    return Inputs([again], _TUPLE)


def _needs_arguments(function: object, *, bound: bool) -> bool:
    if isinstance(function, (classmethod, staticmethod)):
        function, bound = function.__func__, isinstance(function, classmethod)
    if not callable(function):
        return True
    try:
        inspect.signature(function).bind(*([None] if bound else []))
    except (TypeError, ValueError):
        return True
    return False


def _may_hold_calls(path: Path) -> bool:
    """Return True if a line could be of the form {"args": …, "kwargs": …}, or if the file cannot be read now."""
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            return any('"args"' in line or '"kwargs"' in line for line in lines)
    except OSError:
        return True
