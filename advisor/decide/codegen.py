"""Ready-to-run code: the job done by a strategy, as a person would write it in a script of their own.

Names come from outside (a command line, a profile sent over HTTP), so they only get into the code as identifiers or as
string literals, and nothing is imported to write it.
"""

from __future__ import annotations

import builtins
import inspect
import keyword
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from advisor.models import Machine, Reached, Strategy

_CALL = "call"  # wraps a function whose arguments are not exactly one value
_EXAMPLE = "task"
_FEW_CALLS = 10
_TAKEN = {
    "InterpreterPoolExecutor",
    "ProcessPoolExecutor",
    "SourceFileLoader",
    "ThreadPoolExecutor",
    "asyncio",
    "cycle",
    "done",
    "group",
    "importlib",
    "inputs",
    "islice",
    "item",
    "json",
    "line",
    "lines",
    "main",
    "one",
    "pool",
    "results",
    "slots",
    "spec",
    "sys",
    "tasks",
    "time",
    _CALL,
}


@dataclass
class Code:
    """A script in its parts, in the order in which they stand in it."""

    standard: set[str] = field(default_factory=set)  # imports of the standard library
    folders: list[str] = field(default_factory=list)  # where the user's modules are found
    own: dict[str, list[str]] = field(default_factory=dict)  # the user's modules and what is imported from them
    names: dict[str, str] = field(default_factory=dict)  # what the script calls it → what it is
    setup: list[str] = field(default_factory=list)
    definitions: list[str] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    run: list[str] = field(default_factory=list)

    def text(self, headline: str) -> str:
        """The whole script, two empty lines around its functions."""
        standard = sorted(self.standard, key=lambda line: (line.startswith("from"), line))
        path = [f"sys.path.insert(0, {folder!r})" for folder in self.folders]
        own = [f"from {place} import {', '.join(dict.fromkeys(names))}" for place, names in self.own.items()]
        top = [[f"# {headline}", *standard], path, own, self.setup]
        main = ['if __name__ == "__main__":', *(f"    {line}" for line in [*self.inputs, *self.run])]
        parts = ["\n\n".join("\n".join(block) for block in top if block), *self.definitions, "\n".join(main)]
        return "\n\n\n".join(part.rstrip("\n") for part in parts) + "\n"

    def name_for(self, thing: str, name: str) -> str:
        """`name`, or one like it where that is taken in this script; the same for the same thing."""
        while self.names.setdefault(name, thing) != thing or not _is_free(name):
            name = f"the_{name}"
        return name


@dataclass(frozen=True)
class Source:
    """Where the inputs come from, and, where an input is not just the one argument, how a call is made from it."""

    lines: list[str]
    call: str = ""  # the body of `call(item)`: {run} and {done} stand around the function's call


def snippet(
    strategy: Strategy,
    workers: int,
    chunk: int,
    *,
    target: str | None,
    inputs: str | None,
    calls: int | None = None,
    coroutine: bool = False,
    reached: Reached | None = None,
    computes: bool = False,
    machine: Machine | None = None,
) -> str:
    """A script that does the job by `strategy` and prints how many results there are.

    `target` and `inputs` are what the command line takes, and `reached` is how the profile says code gets at the
    target (None: a guess). `calls` is the size of the job, None where it is one call for each of the inputs. Without a
    target, or where it is no name that can be imported (a lambda, something defined in `__main__`), a small function of
    the example's own stands in for it. That computes, as the calls do if
    `computes` says so, where threads need no GIL for it.
    """
    code = Code()
    coroutine = coroutine or strategy == "asyncio"
    place, names = _importable(target)
    if place and reached != "program":
        on_object = _needs_an_object(place, names) if reached is None else reached == "object"
        function = _import(code, place, names, on_object=on_object)
        source = _source(code, inputs, _loaded(place, names), calls, on_object=on_object)
    else:
        waits = strategy == "threading" and not (computes and machine is not None and machine.python.free_threaded)
        function = _example(code, coroutine, waits, next(filter(_is_free, names[-1:]), _EXAMPLE))
        source = Source(["inputs = range(20)  # FILL IN: the argument of each call"])
    code.inputs += source.lines
    function = _wrapped(code, function, source, coroutine, strategy)
    _WRITERS[strategy](code, function, workers, chunk, coroutine)
    code.run.append('print(f"{len(results)} results")')
    return code.text(_headline(strategy, workers, machine))


def _headline(strategy: Strategy, workers: int, machine: Machine | None) -> str:
    from advisor.report import formatting

    text = formatting.workers(strategy, workers)
    if machine is not None and strategy != "sequential":
        text += f", for a host with {machine.cores} core{'' if machine.cores == 1 else 's'}"
    return text[0].upper() + text[1:]


# The function


def _importable(target: str | None) -> tuple[str, list[str]]:
    """'pkg.mod:Class.method' → ('pkg.mod', ['Class', 'method']); the place is "" where it cannot be imported.

    Of a target that can't, the last name is kept if it can stand in a script.
    """
    place, _, name = (target or "").rpartition(":")
    names = name.split(".")
    if not all(_is_name(part) for part in names):
        return "", []
    is_module = all(_is_name(part) for part in place.split(".")) and place not in ("__main__", "builtins")
    if is_module or _is_file(place):
        return place, names
    return "", names


def _is_free(name: str) -> bool:
    return name not in _TAKEN and not hasattr(builtins, name)


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)


def _import(code: Code, place: str, names: list[str], *, on_object: bool) -> str:
    """Make `names` of a module or file known in the script; returns the expression for it.

    `on_object`: it is a method of an object, which the class before it makes.
    """
    owner = _imported(code, place, names[0])
    if len(names) == 1:
        return owner
    owner = ".".join([owner, *names[1:-1]])
    made = "()" if on_object else ""
    method = code.name_for(f"{place}:{'.'.join(names)}", names[-1])
    code.setup.append(f"{method} = {owner}{made}.{names[-1]}" + ("  # one object for all calls" if made else ""))
    return method


def _imported(code: Code, place: str, name: str) -> str:
    if _is_file(place):
        names, folder = _module_of(Path(place))
        if _has_no_module_name(place, names):
            return f"{_loaded_file(code, Path(place))}.{name}"
        code.standard.add("import sys")
        if folder not in code.folders:
            code.folders.append(folder)
        place = ".".join(names)
    alias = code.name_for(f"{place}:{name}", name)
    code.own.setdefault(place, []).append(name if alias == name else f"{name} as {alias}")
    return alias


def _is_file(place: str) -> bool:
    return place.endswith(".py") or "/" in place or os.sep in place


def _has_no_module_name(place: str, names: list[str]) -> bool:
    """A file that no import statement finds: `my-script.py`, or one that would hide the standard library's."""
    return not place.endswith(".py") or not all(_is_name(name) for name in names) or names[0] in sys.stdlib_module_names


def _loaded_file(code: Code, path: Path) -> str:
    """Load a file under a name of the script's own. Workers that are spawned run these lines too, so they find it."""
    stem = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in path.stem)
    name = code.name_for(str(path), f"module_{stem}")
    if path.suffix == ".py":
        found = [f"spec = importlib.util.spec_from_file_location({name!r}, {str(path)!r})"]
    else:  # a script that is called like a program; only its loader says that it is Python
        code.standard.add("from importlib.machinery import SourceFileLoader")
        found = [f"spec = importlib.util.spec_from_loader({name!r}, SourceFileLoader({name!r}, {str(path)!r}))"]
    lines = [
        *found,
        f"{name} = importlib.util.module_from_spec(spec)",
        f"sys.modules[{name!r}] = {name}",
        f"spec.loader.exec_module({name})",
    ]
    code.standard |= {"import importlib.util", "import sys"}
    code.setup += [line for line in lines if line not in code.setup]
    return name


def _module_of(path: Path) -> tuple[list[str], str]:
    """The names under which a file is imported, and from where: the folder above its outermost package.

    A relative path stays one, but its packages may begin above the current folder.
    """
    folder = Path(os.path.abspath(path)).parent  # noqa: PTH100  (resolve() would follow links)
    names = [path.stem]
    while (folder / "__init__.py").is_file() and _is_name(folder.name):
        names.insert(0, folder.name)
        folder = folder.parent
    return names, str(folder) if path.is_absolute() else os.path.relpath(folder)


def _needs_an_object(place: str, names: list[str]) -> bool:
    """An ordinary method of a class. Where the module is not loaded, the name's first letter tells a class."""
    if len(names) == 1:
        return False
    owner = _loaded(place, names[:-1])
    if owner is None:
        return names[-2][:1].isupper()
    return inspect.isclass(owner) and inspect.isfunction(inspect.getattr_static(owner, names[-1], None))


def _loaded(place: str, names: list[str]) -> object | None:
    """What a name stands for, if its module is loaded in this process anyway."""
    found: object | None = sys.modules.get(place)
    for name in names:
        found = inspect.getattr_static(found, name, None) if found is not None else None
    return found


def _example(code: Code, coroutine: bool, waits: bool, name: str) -> str:
    """A function that stands in for the user's: something real, harmless and short, that the strategy suits."""
    if coroutine:
        code.standard.add("import asyncio")
        work = ["await asyncio.sleep(0.01)  # waits, as for a network", "return item * item"]
    elif waits:
        code.standard.add("import time")
        work = ["time.sleep(0.01)  # waits, as for a network", "return item * item"]
    else:
        work = ["return sum(number * item for number in range(10_000))"]
    head = f"{'async ' if coroutine else ''}def {name}(item):"
    note = '"""FILL IN: your own function; this one stands in for it."""'
    code.definitions.append("\n    ".join([head, note, *work]))
    return name


# The inputs


def _source(code: Code, inputs: str | None, function: object | None, calls: int | None, *, on_object: bool) -> Source:
    if inputs is None:
        return _no_inputs(function, calls or _FEW_CALLS, on_object=on_object)
    source = _given(code, inputs)
    if calls is not None:
        code.standard.add("from itertools import cycle, islice")
        source.lines.append(
            f"inputs = list(islice(cycle(inputs), {calls:_}))  # as many calls as planned: the inputs anew"
        )
    return source


def _given(code: Code, inputs: str) -> Source:
    if inputs == "-":
        code.standard |= {"import json", "import sys"}
        return Source(
            [
                'lines = [line.rstrip("\\r\\n") for line in sys.stdin if line.strip()]',
                "try:",
                "    inputs = [json.loads(line) for line in lines]",
                "except ValueError:  # text: each line is an argument",
                "    inputs = lines",
            ],
            _SPREAD_JSON,
        )
    place, names = _importable(inputs)
    if place and not Path(inputs).is_file():
        return Source([f"inputs = list({_import(code, place, names, on_object=False)}())"])
    opened = f'with open({inputs!r}, encoding="utf-8-sig") as lines:'
    if inputs.endswith(".jsonl"):
        code.standard.add("import json")
        read = "    inputs = [json.loads(line) for line in lines if line.strip()]"
        return Source([opened, read], _SPREAD_JSON if _may_hold_calls(Path(inputs)) else "")
    return Source([opened, '    inputs = [line.rstrip("\\r\\n") for line in lines if line.strip()]'])


_SPREAD_JSON = """\
    if isinstance(item, dict) and item and item.keys() <= {{"args", "kwargs"}}:
        return {run}(*item.get("args", []), **item.get("kwargs", {{}})){done}
    return {run}(item){done}"""
_SPREAD_TUPLE = "    return {run}(*item){done}"
_PLAIN = "    return {run}(item){done}"


def _no_inputs(function: object | None, calls: int, *, on_object: bool) -> Source:
    """A function that needs no arguments is called again and again; one that does leaves a list to fill in."""
    if function is not None and _needs_arguments(function, bound=on_object):
        return Source(["inputs = []  # FILL IN: the arguments, one tuple for each call"], _SPREAD_TUPLE)
    again = f"inputs = [()] * {calls:_}  # FILL IN: the arguments, one tuple for each call; () is none"
    return Source([again], _SPREAD_TUPLE)


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
    """Whether a line could be of the form {"args": …, "kwargs": …}; also when the file can't be read now."""
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            return any('"args"' in line or '"kwargs"' in line for line in lines)
    except OSError:
        return True


# The run


def _wrapped(code: Code, function: str, source: Source, coroutine: bool, strategy: Strategy) -> str:
    """The function of one argument that the strategy calls: the target, or one written around it.

    It stands at the top level of the script, where a worker process can find it. In a pool, each call of a coroutine
    function gets an event loop of its own.
    """
    run, done = function, ""
    if coroutine and strategy not in ("sequential", "asyncio"):
        code.standard.add("import asyncio")
        run, done = f"asyncio.run({function}", ")"
    elif not source.call:
        return function
    body = (source.call or _PLAIN).format(run=run, done=done)
    code.definitions.append(f"def {_CALL}(item):\n{body}")
    return _CALL


def _sequential(code: Code, function: str, workers: int, chunk: int, coroutine: bool) -> None:
    if not coroutine:
        code.run.append(f"results = [{function}(item) for item in inputs]")
        return
    code.standard.add("import asyncio")
    code.definitions.append(f"async def main(inputs):\n    return [await {function}(item) for item in inputs]\n")
    code.run.append("results = asyncio.run(main(inputs))")


def _pool(code: Code, pool: str, function: str, workers: int, chunk: int) -> None:
    code.standard.add(f"from concurrent.futures import {pool}")
    chunksize = f", chunksize={chunk}" if chunk > 1 else ""
    code.run += [
        f"with {pool}(max_workers={workers}) as pool:",
        f"    results = list(pool.map({function}, inputs{chunksize}))",
    ]


def _threads(code: Code, function: str, workers: int, chunk: int, coroutine: bool) -> None:
    _pool(code, "ThreadPoolExecutor", function, workers, 1)  # threads know no chunks


def _processes(code: Code, function: str, workers: int, chunk: int, coroutine: bool) -> None:
    _pool(code, "ProcessPoolExecutor", function, workers, chunk)


def _interpreters(code: Code, function: str, workers: int, chunk: int, coroutine: bool) -> None:
    _pool(code, "InterpreterPoolExecutor", function, workers, 1)


def _asyncio(code: Code, function: str, workers: int, chunk: int, coroutine: bool) -> None:
    code.standard.add("import asyncio")
    code.definitions.append(
        "async def main(inputs):\n"
        f"    slots = asyncio.Semaphore({workers})  # so many calls at once\n"
        "\n"
        "    async def one(item):\n"
        "        async with slots:\n"
        f"            return await {function}(item)\n"
        "\n"
        "    async with asyncio.TaskGroup() as group:\n"
        "        tasks = [group.create_task(one(item)) for item in inputs]\n"
        "    return [done.result() for done in tasks]\n"
    )
    code.run.append("results = asyncio.run(main(inputs))")


_WRITERS = {
    "sequential": _sequential,
    "threading": _threads,
    "multiprocessing": _processes,
    "asyncio": _asyncio,
    "interpreters": _interpreters,
}
