"""Write the script that does a job by a strategy."""

from __future__ import annotations

from typing import NamedTuple

from advisor.decide.codegen.imports import import_target, loaded_object, needs_object, split_target
from advisor.decide.codegen.inputs import EXAMPLE, SINGLE_ARGUMENT, Inputs, write_inputs, write_no_inputs
from advisor.decide.codegen.script import CALL, Script, is_free
from advisor.decide.codegen.templates import TEMPLATES
from advisor.models import Machine, Profile, Strategy
from advisor.models.strategies import POOLS
from advisor.report import formatting

_EXAMPLE_NAME = "task"
_COMPUTES = 0.3  # share of a call's time


class SnippetRequest(NamedTuple):
    """The job that the script does."""

    strategy: Strategy
    workers: int
    chunk: int  # calls per task, for pools that send several at a time
    profile: Profile  # has the target's name, and how code can refer to it
    machine: Machine  # the host that the job is planned for
    inputs: str | None = None  # source of the inputs, as on the command line
    calls: int | None = None  # None for one call per input


def snippet(request: SnippetRequest) -> str:
    """Return a script that does the job and prints how many results there are.

    A small example function stands in for a target that cannot be imported (a lambda, something defined in
    `__main__`), and where there is none.
    """
    script = Script()
    profile = request.profile
    coroutine = profile.coroutine or request.strategy == "asyncio"
    module, names = split_target(profile.target)
    if module and profile.reached != "program":
        on_object = needs_object(module, names, profile.reached)
        function = import_target(script, module, names, on_object=on_object)
        if request.inputs is None:
            inputs = write_no_inputs(loaded_object(module, names), request.calls, bound=on_object)
        else:
            inputs = write_inputs(script, request.inputs, request.calls)
    else:
        function = _write_example(script, request, names[-1] if names and is_free(names[-1]) else _EXAMPLE_NAME)
        inputs = EXAMPLE
    script.inputs += inputs.lines
    function = _write_call(script, function, inputs, in_pool=coroutine and request.strategy in POOLS)
    TEMPLATES[request.strategy](script, function, request.workers, request.chunk, coroutine)
    script.run.append('print(f"{len(results)} results")')
    return script.text(_headline(request))


def _headline(request: SnippetRequest) -> str:
    text = formatting.workers(request.strategy, request.workers)
    if request.strategy != "sequential":
        cores = request.machine.cores
        text += f", for a host with {cores} core{'' if cores == 1 else 's'}"
    return text[0].upper() + text[1:]


def _write_example(script: Script, request: SnippetRequest, name: str) -> str:
    """Write a short, harmless example function of a kind that suits the strategy."""
    profile, strategy = request.profile, request.strategy
    computes = (profile.gil_held or 0.0) + (profile.gil_free or 0.0) >= _COMPUTES * profile.wall
    coroutine = profile.coroutine or strategy == "asyncio"
    if coroutine:
        script.imports.add("import asyncio")
        work = ["await asyncio.sleep(0.01)  # waits, as for a network", "return item * item"]
    elif strategy == "threading" and not (computes and request.machine.python.free_threaded):
        script.imports.add("import time")
        work = ["time.sleep(0.01)  # waits, as for a network", "return item * item"]
    else:
        work = ["return sum(number * item for number in range(10_000))"]
    head = f"{'async ' if coroutine else ''}def {name}(item):"
    note = '"""FILL IN: replace this example by your own function."""'
    script.definitions.append("\n    ".join([head, note, *work]))
    return name


def _write_call(script: Script, function: str, inputs: Inputs, *, in_pool: bool) -> str:
    """Return the one-argument function to call: the target, or a wrapper around it.

    It is defined at the top level of the script, where a worker process can find it. `in_pool`: the target is a
    coroutine function, and gets an event loop for each call.
    """
    run, done = function, ""
    if in_pool:
        script.imports.add("import asyncio")
        run, done = f"asyncio.run({function}", ")"
    elif not inputs.call:
        return function
    body = (inputs.call or SINGLE_ARGUMENT).format(run=run, done=done)
    script.definitions.append(f"def {CALL}(item):\n{body}")
    return CALL
