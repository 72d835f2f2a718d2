"""Write the script that does a job by a strategy."""

from __future__ import annotations

import re
from typing import NamedTuple

from advisor.decide.codegen.imports import (
    import_in_worker,
    import_target,
    is_file,
    loaded_object,
    needs_object,
    split_target,
)
from advisor.decide.codegen.inputs import (
    EXAMPLE,
    SINGLE_ARGUMENT,
    Inputs,
    write_inputs,
    write_no_inputs,
    write_notebook_inputs,
)
from advisor.decide.codegen.remedies import write_remedies
from advisor.decide.codegen.script import ATTEMPT, CALL, Script, as_comment, is_free
from advisor.decide.codegen.templates import TEMPLATES
from advisor.models import Cluster, Machine, Profile, Strategy
from advisor.models.input_source import Form
from advisor.models.strategies import CLUSTERS, OWN_GIL, POOLS, SEQUENTIAL
from advisor.predict.shared_resources import broken_by, safe_start_method
from advisor.report import formatting

_ADDRESS = re.compile(r"(?:tcp|tls|wss?|ucx|ray)://[\w.\-:\[\]]+|ray", re.ASCII)  # neither user names nor options
_EXAMPLE_ADDRESS = {"dask": "tcp://scheduler:8786", "ray": "ray://head:10001"}
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
    forms: frozenset[Form] | None = None  # of the inputs, or None if they were not read
    in_notebook: bool = False  # the code is for a cell
    expression: str | None = None  # by which a cell gets the inputs


def snippet(request: SnippetRequest) -> str:
    """Return a script that does the job and prints how many results there are.

    A small example function stands in for a target that cannot be imported (a lambda, something defined in
    `__main__`), and where there is none.
    """
    script = Script(in_notebook=request.in_notebook)
    profile = request.profile
    coroutine = profile.coroutine or request.strategy == "asyncio"
    in_pool = coroutine and request.strategy in POOLS | CLUSTERS
    module, names = split_target(profile.target)
    by_name = False
    if names and profile.reached == "notebook" and request.in_notebook:
        function = _name_in_notebook(script, names)
        inputs = _write_inputs(script, request, loaded_object("__main__", names), bound=False)
    elif module and profile.reached not in ("notebook", "program"):
        on_object = needs_object(module, names, profile.reached)
        by_name = profile.is_called_by_name and request.strategy in OWN_GIL
        if by_name and request.strategy in CLUSTERS and not (on_object or is_file(module)):
            function, by_name = import_in_worker(script, module, names), False
        else:
            function = import_target(script, module, names, on_object=on_object, in_call=by_name)
        inputs = _write_inputs(script, request, loaded_object(module, names), bound=on_object)
    else:
        function = _write_example(script, request, names[-1] if names and is_free(names[-1]) else _EXAMPLE_NAME)
        inputs = EXAMPLE
    target = function
    script.inputs += inputs.lines
    failed = None if inputs is EXAMPLE else profile.failed_inputs
    by_name = by_name and failed is None  # what catches the exceptions calls the target by name, too
    function = _write_call(script, function, inputs, in_pool=in_pool, by_name=by_name)
    if failed is not None:
        function = _write_attempt(script, request, function, awaits=coroutine and not in_pool)
    _write_start_method(script, request)
    _write_cluster(script, request.machine.cluster)
    if inputs is not EXAMPLE:
        machine = request.machine.started_by(safe_start_method(request.strategy, profile, request.machine))
        function = write_remedies(script, target, function, request.strategy, profile, machine)
    TEMPLATES[request.strategy](script, function, request.workers, request.chunk, coroutine)
    script.run.append('print(f"{len(results)} results")')
    if failed is not None:
        script.run.append('print(f"{sum(isinstance(result, Exception) for result in results)} of them failed")')
    return script.text(_headline(request))


def _write_inputs(script: Script, request: SnippetRequest, function: object | None, *, bound: bool) -> Inputs:
    if request.inputs is None and request.forms is not None:
        return write_notebook_inputs(script, request.expression, request.calls, request.forms)
    if request.inputs is None:
        return write_no_inputs(function, request.calls, bound=bound)
    return write_inputs(script, request.inputs, request.calls, request.forms)


def _name_in_notebook(script: Script, names: list[str]) -> str:
    """Return the expression for a function of the notebook, which has another name if the code uses its own."""
    alias = script.name_for("the function", names[0])
    if alias != names[0]:
        script.setup.append(f"{alias} = {names[0]}")
    return ".".join([alias, *names[1:]])


def _write_start_method(script: Script, request: SnippetRequest) -> None:
    """Write a safe start method for the worker processes, if the host's own is not safe."""
    method = safe_start_method(request.strategy, request.profile, request.machine)
    if method is None or request.in_notebook:  # loky has a method of its own
        return
    script.imports.add("import multiprocessing")
    script.pool_options.append(f'mp_context=multiprocessing.get_context("{method}")')
    why = broken_by(request.strategy, request.profile, request.machine)
    script.run += as_comment(f"Start the workers with {method}: {why}.")


def _write_cluster(script: Script, cluster: Cluster | None) -> None:
    """Write the address of the cluster; one that is unknown, or has more in it than a host, is left to fill in."""
    if cluster is None:
        return
    script.cluster = cluster.address
    if not _ADDRESS.fullmatch(cluster.address):
        script.cluster = _EXAMPLE_ADDRESS[cluster.engine]
        script.cluster_note = "  # FILL IN: the address of the cluster"


def _headline(request: SnippetRequest) -> str:
    text = formatting.workers(request.strategy, request.workers)
    if request.strategy not in CLUSTERS | SEQUENTIAL:
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


def _write_attempt(script: Script, request: SnippetRequest, function: str, *, awaits: bool) -> str:
    """Write a function that returns what the call raises, so that a bad input does not end the job."""
    failed = request.profile.failed_inputs
    assert failed is not None
    comment = f"{failed.count} of {failed.of} inputs failed while measuring"
    result = "error"
    if not failed.picklable and request.strategy in OWN_GIL:
        comment += ", with an exception that cannot be pickled"
        result = "RuntimeError(repr(error))"
    script.definitions.append(
        f"{'async ' if awaits else ''}def {ATTEMPT}(item):\n"
        "    try:\n"
        f"        return {'await ' if awaits else ''}{function}(item)\n"
        f"    except Exception as error:  # {comment}\n"
        f"        return {result}"
    )
    return ATTEMPT


def _write_call(script: Script, function: str, inputs: Inputs, *, in_pool: bool, by_name: bool) -> str:
    """Return the one-argument function to call: the target or a wrapper around it.

    It is defined at the top level of the script, where a worker process can find it. `in_pool`: the target is a
    coroutine function, and gets an event loop for each call. `by_name`: the target cannot be pickled.
    """
    run, done = function, ""
    if in_pool:
        script.imports.add("import asyncio")
        run, done = f"asyncio.run({function}", ")"
    elif not inputs.call and not by_name:
        return function
    body = (inputs.call or SINGLE_ARGUMENT).format(run=run, done=done)
    comment = f"  # {function} cannot be pickled: workers look it up here" if by_name else ""
    script.definitions.append(f"def {CALL}(item):{comment}\n{body}")
    return CALL
