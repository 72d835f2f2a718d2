"""The code of each strategy."""

from __future__ import annotations

from collections.abc import Callable

from advisor.decide.codegen.script import Script, as_comment
from advisor.models import Strategy

_LOKY = (
    "loky (pip install loky) sends the function to its workers. Those of concurrent.futures would import it, and "
    "nothing can import a notebook: to use them, move the function into a module."
)


def _sequential(script: Script, function: str, workers: int, chunk: int, coroutine: bool) -> None:
    if not coroutine:
        script.run.append(f"results = [{function}(item) for item in inputs]")
        return
    script.definitions.append(f"async def main(inputs):\n    return [await {function}(item) for item in inputs]\n")
    script.run.append(f"results = {script.awaited('main(inputs)')}")


def _pool(executor: str, *, chunks: bool = False) -> Template:
    """Return the template of a pool of `concurrent.futures`."""

    def write(script: Script, function: str, workers: int, chunk: int, coroutine: bool) -> None:
        if script.in_notebook and executor == "ProcessPoolExecutor":
            script.imports.add(f"from loky import {executor}")
            script.run += as_comment(_LOKY)
        else:
            script.imports.add(f"from concurrent.futures import {executor}")
        chunksize = f", chunksize={chunk}" if chunks and chunk > 1 else ""
        collect = f"list(map({script.receive}, {{}}))" if script.receive else "list({})"
        options = ", ".join([f"max_workers={workers}", *script.pool_options])
        script.run += [
            f"with {executor}({options}) as pool:",
            f"    results = {collect.format(f'pool.map({function}, inputs{chunksize})')}",
        ]

    return write


def _asyncio(script: Script, function: str, workers: int, chunk: int, coroutine: bool) -> None:
    script.imports.add("import asyncio")
    script.definitions.append(
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
    script.run.append(f"results = {script.awaited('main(inputs)')}")


def _cluster(script: Script, function: str, workers: int, chunk: int, coroutine: bool) -> None:
    script.imports.add("import advisor")
    done = f"advisor.map({function}, inputs, cluster={script.cluster!r})"
    script.run.append(f"results = list({done}){script.cluster_note}")


# Writes the code that does the job, from the script, the function, the workers, the calls per task, and whether the
# function is a coroutine function.
Template = Callable[[Script, str, int, int, bool], None]

TEMPLATES: dict[Strategy, Template] = {
    "sequential": _sequential,
    "threading": _pool("ThreadPoolExecutor"),
    "multiprocessing": _pool("ProcessPoolExecutor", chunks=True),
    "asyncio": _asyncio,
    "interpreters": _pool("InterpreterPoolExecutor"),
    "cluster": _cluster,
}
