"""The child's side of `search`: import the target among replaced primitives, and search its schedules."""

from __future__ import annotations

import base64
import gc
import itertools
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from advisor.errors import UsageError
from advisor.interleaving import files, originals, primitives
from advisor.interleaving.by_value import load_by_value
from advisor.interleaving.code_book import CodeBook
from advisor.interleaving.databases import replace_connections
from advisor.interleaving.explorer import Clock
from advisor.interleaving.question import MORE_INPUTS
from advisor.interleaving.randomness import watch_generators
from advisor.interleaving.replaced_sources import register_globals, replace_code, replace_sources
from advisor.interleaving.schedule import CallArguments, World
from advisor.interleaving.sites import Sources
from advisor.interleaving.staged_search import StagedSearch
from advisor.interleaving.user_code import UserCode
from advisor.measure.introspection import plain_function
from advisor.target.sandbox_supervisor import Message

_REPORT_INTERVAL = 0.1
_MAX_GROUPS = 5
_LEAST_SECONDS = 0.3  # for the search, however long the import took
_RESERVE = 0.25  # seconds for the answer


def serve(request: Message, send: Callable[[Message], None]) -> Message:
    """Answer a request of `search` with the fields of a report."""
    spec: str = request["target"]
    sys.argv = [spec]
    primitives.install()
    watch_generators()
    replace_sources(request["sources"])
    replace_connections()
    files.replace_open()
    send({"doing": f"importing {spec.rpartition(':')[0]}"})
    keeper = files.FileKeeper(Path(request["folder"]))
    function, calls = load_target(request)
    send({"doing": f"searching the schedules of {spec}"})
    world = _world(function, request["sources"], keeper)
    gc.collect()
    gc.freeze()
    ends_at = max(request["ends_at"] - _RESERVE, originals.monotonic() + _LEAST_SECONDS)
    clock = Clock(ends_at, request["seconds"], _reporter(send))
    groups = _groups(calls, request["threads"])
    search = StagedSearch(world, groups, clock, spec)
    replay = request["replay"]
    try:
        keeper.keep_open_files()
        found = search.run(request["seed"] or 0) if replay is None else search.replay(replay)
    except files.NotRestorableError as error:
        found = search.stopped(str(error))
    group = groups[found.pop("group", 0)]
    return {**found, "inputs": [_arguments_text(call) for call in group], "schedules": clock.schedules}


def load_target(request: Message) -> tuple[Callable[..., Any], list[CallArguments]]:
    """Return the function and its calls."""
    from advisor.measure.deferred_results import is_coroutine_function
    from advisor.target.inputs import as_calls, check_arguments, load_calls
    from advisor.target.loader import load

    spec = request["target"]
    if request["pickled"]:
        sys.path[:0] = [entry for entry in request["path"] if entry not in sys.path]
        function, inputs, star = load_by_value(base64.b64decode(request["pickled"]))
        replace_code(function, request["sources"])
        register_globals(function)
        calls = as_calls(inputs, star=star)
    else:
        function = load(spec)
        calls = load_calls(request["inputs"], star=request["star"], limit=request["threads"] + MORE_INPUTS)
    check_arguments(function, calls, spec)
    if is_coroutine_function(function):
        raise UsageError(
            f"{spec} is a coroutine function: its calls run in one thread, and switch only where they await"
        )
    made = [CallArguments(call.args, call.kwargs) for call in calls or ()] or [CallArguments()]
    return function, made


def _arguments_text(call: CallArguments) -> str:
    from advisor.interleaving.evaluation import short

    named = (f"{name}={short(value)}" for name, value in call.kwargs.items())
    return ", ".join([*map(short, call.args), *named])


def _world(function: Callable[..., Any], sources: Mapping[str, str], keeper: files.FileKeeper) -> World:
    plain = plain_function(function)
    module = getattr(plain, "__module__", "") or ""
    code = getattr(plain, "__code__", None)
    file = str(getattr(sys.modules.get(module), "__file__", None) or getattr(code, "co_filename", ""))
    user_code = UserCode((file,))
    book = CodeBook(user_code, Sources(sources))
    book.prepare({str(module.__file__) for _, module in user_code.modules()} | {file})
    return World(function, module, book, keeper)


def _groups(calls: Sequence[CallArguments], threads: int) -> list[tuple[CallArguments, ...]]:
    """Return the groups of calls to make at once: the first ones, each with itself, then others.

    Fewer calls than threads are made in rotation.
    """
    first = tuple(itertools.islice(itertools.cycle(calls), threads))
    groups = [first] if len(calls) > 1 else []
    groups += [(call,) * threads for call in calls[:2]]
    groups += list(itertools.islice(itertools.combinations(calls[:4], threads), 1, None))
    return groups[:_MAX_GROUPS]


def _reporter(send: Callable[[Message], None]) -> Callable[[int], None]:
    sent_at = 0.0

    def report(count: int) -> None:
        nonlocal sent_at
        if originals.monotonic() - sent_at > _REPORT_INTERVAL:
            sent_at = originals.monotonic()
            send({"schedules": count, "so_far": f"{count} interleavings tried so far"})

    return report
