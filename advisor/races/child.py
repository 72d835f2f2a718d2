"""The child's side of `search`: import the target among replaced primitives, and search its schedules."""

from __future__ import annotations

import base64
import gc
import itertools
import linecache
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from advisor.errors import TargetError, UsageError
from advisor.races import files, finding, originals, primitives
from advisor.races.code_book import CodeBook
from advisor.races.databases import replace_connections
from advisor.races.explorer import Clock, PairExplorer, Suspect
from advisor.races.plans import decode
from advisor.races.schedule import CallArguments, Run, World
from advisor.races.sites import Sources
from advisor.races.user_code import UserCode
from advisor.target.sandbox_supervisor import Message

_REPORT_INTERVAL = 0.1
_MAX_PAIRS = 5
_LONGER_SECONDS = 3.0


def serve(request: Message, send: Callable[[Message], None]) -> Message:
    """Answer a request of `search` with the fields of a report."""
    began = originals.monotonic()
    spec: str = request["target"]
    sys.argv = [spec]
    _prepare_imports(request["sources"])
    send({"doing": f"importing {spec.rpartition(':')[0]}"})
    keeper = files.FileKeeper(Path(request["folder"]))
    function, calls, inputs = _load(request)
    send({"doing": f"searching the schedules of {spec}"})
    world = _world(function, request["sources"], keeper)
    gc.collect()
    gc.freeze()
    clock = Clock(max(request["ends_at"], began), _reporter(send))
    search = Search(world, _pairs(calls, request["threads"]), clock, request)
    return {**search.run(), "inputs": inputs, "schedules": clock.schedules}


def _prepare_imports(sources: Mapping[str, str]) -> None:
    """Replace primitives, and the text of files that have other sources."""
    primitives.install()
    if not sources:
        replace_connections()
        return
    from importlib.machinery import SourceFileLoader

    original = SourceFileLoader.get_code

    def get_code(loader: Any, name: str) -> Any:
        path = loader.get_filename(name)
        if path not in sources:
            return original(loader, name)
        return loader.source_to_code(sources[path].encode(), path)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign,assignment]
    for path, text in sources.items():
        linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)
    replace_connections()


def _load(request: Message) -> tuple[Callable[..., Any], list[CallArguments], list[str]]:
    """Return the function, its calls, and texts for their arguments."""
    from advisor.measure.deferred_results import is_coroutine_function
    from advisor.target.inputs import as_calls, check_arguments, load_calls
    from advisor.target.loader import load

    spec = request["target"]
    if request["pickled"]:
        import cloudpickle

        function, inputs, star = cloudpickle.loads(base64.b64decode(request["pickled"]))
        calls = as_calls(inputs, star=star)
    else:
        function = load(spec)
        calls = load_calls(request["inputs"], star=request["star"], limit=request["threads"] + 8)
    check_arguments(function, calls, spec)
    if is_coroutine_function(function):
        raise UsageError(
            f"{spec} is a coroutine function: its calls run in one thread, and switch only where they await"
        )
    made = [CallArguments(call.args, call.kwargs) for call in calls or ()] or [CallArguments()]
    return function, made, [_arguments_text(call) for call in made]


def _arguments_text(call: CallArguments) -> str:
    from advisor.races.evaluation import short

    named = (f"{name}={short(value)}" for name, value in call.kwargs.items())
    return ", ".join([*map(short, call.args), *named])


def _world(function: Callable[..., Any], sources: Mapping[str, str], keeper: files.FileKeeper) -> World:
    plain = getattr(function, "__func__", function)
    module = getattr(plain, "__module__", "") or ""
    code = getattr(plain, "__code__", None)
    file = str(getattr(sys.modules.get(module), "__file__", None) or getattr(code, "co_filename", ""))
    user_code = UserCode((file,))
    book = CodeBook(user_code, Sources(sources))
    book.prepare({str(module.__file__) for _, module in user_code.modules()} | {file})
    return World(function, module, book, keeper)


def _pairs(calls: Sequence[CallArguments], threads: int) -> list[tuple[CallArguments, ...]]:
    """Return the calls to make at once: the first ones, each with itself, then others."""
    pairs: list[tuple[CallArguments, ...]] = []
    if len(calls) >= threads:
        pairs.append(tuple(calls[:threads]))
    pairs += [(call,) * threads for call in calls[:2]]
    pairs += list(itertools.islice(itertools.combinations(calls[:4], threads), 1, None))
    return pairs[:_MAX_PAIRS]


def _reporter(send: Callable[[Message], None]) -> Callable[[int], None]:
    sent_at = 0.0

    def report(count: int) -> None:
        nonlocal sent_at
        if originals.monotonic() - sent_at > _REPORT_INTERVAL:
            sent_at = originals.monotonic()
            send({"schedules": count, "so_far": f"{count} interleavings tried so far"})

    return report


class Search:
    """Searches the pairs one after the other, the likely findings first."""

    def __init__(
        self, world: World, pairs: Sequence[tuple[CallArguments, ...]], clock: Clock, request: Message
    ) -> None:
        self.world = world
        self.pairs = pairs
        self.clock = clock
        self.request = request
        self.explorers: dict[int, PairExplorer] = {}
        self.complete: set[str] = set()
        self.random_runs = 0
        self.later: Message | None = None

    def run(self) -> Message:
        """Return the verdict, the bound and the finding."""
        if self.request["replay"] is not None:
            return self._replay(self.request["replay"])
        self._learn()
        if not self.explorers:
            return {"verdict": "unclear", "why": self.why, "bound": self._bound()}
        for suspects in self._stages():
            for number, suspect in suspects:
                found = self._confirm(number, suspect)
                if found is None:
                    continue
                if found["finding"]["with_gil"]:
                    return found
                self._look_on(found)
                break
        return self.later or self._nothing()

    def _look_on(self, found: Message) -> None:
        """Keep a finding that needs no GIL, and look a little longer for one that happens with it."""
        if self.later is None:
            self.later = found
            self.clock.ends_at = min(self.clock.ends_at, originals.monotonic() + _LONGER_SECONDS)

    # Learning

    def _learn(self) -> None:
        self.why = ""
        for number, calls in enumerate(self.pairs):
            explorer = PairExplorer(self.world, calls, self.clock)
            explorer.learn()
            if explorer.failure:
                self._note_failure(explorer.failure, number)
            else:
                self.explorers[number] = explorer
            if self.clock.left <= 0 or (number >= 1 and self.clock.left < self.request["seconds"] / 2):
                break
        self._refuse_failing()

    def _note_failure(self, failure: str, number: int) -> None:
        if failure.startswith(("crashed", "ended the process")):
            raise TargetError(f"calling {self.request['target']} {failure}")
        texts = {
            "time": "the calls one after the other did not end in time",
            "steps": "the calls run too many lines",
        }
        self.why = self.why or texts.get(failure, failure)

    def _refuse_failing(self) -> None:
        """Raise TargetError if every call fails in every order."""
        runs = [run for explorer in self.explorers.values() for run in explorer.judge.runs]
        if runs and all(all(run.raised) for run in runs):
            raise TargetError(f"calling {self.request['target']} {runs[0].results[0]}")

    # Searching

    def _stages(self) -> Iterator[Iterator[tuple[int, Suspect]]]:
        yield self._all(1, with_gil=True)
        yield self._all(1, with_gil=False)
        yield self._all(2, with_gil=True)
        yield self._all(2, with_gil=False)
        seed = self.request["seed"] or 0
        yield self._randomly(seed, gil_only=self.later is not None)

    def _all(self, preemptions: int, *, with_gil: bool) -> Iterator[tuple[int, Suspect]]:
        for number, explorer in self.explorers.items():
            if explorer.knows_conflicts():
                for suspect in explorer.search(preemptions, with_gil=with_gil):
                    yield number, suspect
        if self.clock.left > 0:
            self.complete.add(f"{preemptions} {with_gil}")

    def _randomly(self, seed: int, gil_only: bool) -> Iterator[tuple[int, Suspect]]:
        for number, explorer in self.explorers.items():
            seconds = max(0.0, self.clock.left / 4)
            before = self.clock.schedules
            for suspect in explorer.search_randomly(seed, gil_only=gil_only, seconds=seconds):
                yield number, suspect
            self.random_runs += self.clock.schedules - before

    def _confirm(self, number: int, suspect: Suspect) -> Message | None:
        """Return the answer for a suspect that is accused every time."""
        shortest = finding.minimise(suspect)
        run = shortest and finding.replay(shortest)
        if not shortest or not run:
            return None
        described = finding.describe(shortest, run, number)
        return {
            "verdict": "deadlock" if described["kind"] == "deadlock" else "race",
            "finding": described,
            "bound": self._bound(found=True),
            "pair": [_arguments_text(call) for call in self.pairs[number]],
        }

    def _replay(self, seed: int) -> Message:
        number, order, switches = decode(seed)
        if number >= len(self.pairs):
            raise UsageError(f"--replay {seed} is no number of a finding for these inputs")
        explorer = PairExplorer(self.world, self.pairs[number], self.clock)
        explorer.learn()
        if explorer.failure or order // 2 >= len(explorer.orders):
            raise UsageError(f"--replay {seed} is no number of a finding for these inputs")
        suspect = Suspect(explorer, order // 2, switches, Run("done"), bool(order % 2))
        suspect.run = explorer.run_again(suspect, switches)
        self.explorers[number] = explorer
        if explorer.judge.accuses(suspect.run):
            found = self._confirm_as_it_is(number, suspect)
            if found is not None:
                return found
        return self._nothing()

    def _confirm_as_it_is(self, number: int, suspect: Suspect) -> Message | None:
        run = finding.replay(suspect)
        if run is None:
            return None
        described = finding.describe(suspect, run, number)
        return {
            "verdict": "deadlock" if described["kind"] == "deadlock" else "race",
            "finding": described,
            "bound": "one interleaving, replayed",
            "pair": [_arguments_text(call) for call in self.pairs[number]],
        }

    # Answers

    def _nothing(self) -> Message:
        explorers = self.explorers.values()
        if not any(explorer.judge.compares_anything() for explorer in explorers):
            why = "results and state differ from run to run by themselves, so that nothing can be compared"
            return {"verdict": "unclear", "why": why, "bound": self._bound()}
        given_up = self.clock.given_up
        if sum(given_up.values()) > self.clock.schedules / 2:
            return {
                "verdict": "unclear",
                "why": f"most interleavings were given up ({_reasons(given_up)})",
                "bound": self._bound(),
            }
        return {"verdict": "none", "bound": self._bound()}

    def _bound(self, *, found: bool = False) -> str:
        """Return the extent of the search."""
        threads = self.request["threads"]
        parts = [f"{threads} calls at once"]
        for count, words in ((2, "two switches"), (1, "one switch")):
            if f"{count} False" in self.complete:
                parts.append(f"all interleavings with at most {words} at accesses to what the calls share")
                break
        else:
            if not found:
                parts.append("some interleavings, until the time was over")
        if self.random_runs:
            parts.append(f"{self.random_runs} random ones")
        if self.clock.given_up:
            parts.append(f"{sum(self.clock.given_up.values())} given up")
        text = ", ".join(parts)
        return f"{text}; the user's own files line by line, libraries as single steps"


def _reasons(given_up: Mapping[str, int]) -> str:
    texts = {"time": "too slow, or waiting for something outside", "steps": "too many steps"}
    return ", ".join(f"{count} {texts.get(reason, reason)}" for reason, count in given_up.items())
