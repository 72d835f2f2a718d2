"""Look for a race in the ways of others, and print what came out as JSON.

    python -m benchmarks.race_trials threads MODULE:FUNCTION INPUTS [--runs 200] [--seconds 60]
    python -m frontrun.cli python -m benchmarks.race_trials frontrun MODULE:FUNCTION INPUTS [--seconds 10]
        [--strategy dpor|random]

INPUTS is a list in JSON, with an argument for each of the concurrent calls. Run it in an empty folder. Both compare
outcomes with those of the calls one after the other (see `race_outcomes`).

- threads: real threads, in a fork of the process that has imported the module, with a switch interval of 1 µs. They
  wait in loops that end at random, since a thread that has just been given the GIL would finish a short call.
- frontrun: the package's search, by one of its two strategies at its default settings, with the module imported anew as
  `setup` and the comparison as `invariant`.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import json
import os
import random
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.race_outcomes import Answer, Folder, Outcome, SequentialOutcomes, call, outcome

SWITCH_INTERVAL = 1e-6  # seconds
MAX_DELAY = 10_000  # rounds of an empty loop, a few times as long as a thread keeps the GIL
END_SECONDS = 10.0  # after which calls that have not ended wait for each other


@dataclass
class Trial:
    """The result of a search by a peer.

    Attributes:
        found: What was found, or empty.
        runs: Runs of the calls until then.
        seconds: Of the whole command, which its caller knows.
        why_not: Why there is no verdict, or empty.
    """

    found: str = ""
    runs: int = 0
    seconds: float = 0.0
    why_not: str = ""


@dataclass
class Question:
    """The function and the arguments of its concurrent calls."""

    module: str
    function: str
    inputs: list[Any]

    def load(self) -> ModuleType:
        """Import the module anew."""
        sys.modules.pop(self.module, None)
        return importlib.import_module(self.module)


# Real threads


def try_threads(question: Question, runs: int, seconds: float) -> Trial:
    """Make the calls in real threads until an outcome is none of those of the sequential orders."""
    module = question.load()
    function = getattr(module, question.function)
    folder = Folder(Path.cwd())

    def fork(make_calls: Callable[[], list[Answer | None]]) -> Outcome:
        try:
            return _in_fork(lambda: outcome(module, make_calls(), folder.path))
        finally:
            folder.reset()

    def one_by_one(order: Sequence[int]) -> Outcome:
        return fork(lambda: _in_order(function, question.inputs, order))

    known = SequentialOutcomes(one_by_one, len(question.inputs))
    ends_at = time.monotonic() + seconds
    draw = random.Random(0)
    trial = Trial()
    while trial.runs < runs and time.monotonic() < ends_at and not trial.found:
        delays = [draw.randrange(MAX_DELAY) for _ in question.inputs]
        seen = fork(functools.partial(_at_once, function, question.inputs, delays))
        trial.found = seen.get("ended", "") or known.difference(seen)
        trial.runs += 1
    return trial


def _in_order(function: Callable[[Any], Any], inputs: Sequence[Any], order: Sequence[int]) -> list[Answer | None]:
    answers: list[Answer | None] = [None] * len(inputs)
    for number in order:
        answers[number] = call(function, inputs[number])
    return answers


def _at_once(function: Callable[[Any], Any], inputs: Sequence[Any], delays: Sequence[int]) -> list[Answer | None]:
    """Return the answers of calls that start after so many rounds of a loop; raise TimeoutError if they do not end."""
    answers: list[Answer | None] = [None] * len(inputs)
    begins = False

    def work(number: int) -> None:
        while not begins:
            pass
        for _ in range(delays[number]):
            pass
        answers[number] = call(function, inputs[number])

    sys.setswitchinterval(SWITCH_INTERVAL)
    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(len(inputs))]
    for thread in threads:
        thread.start()
    begins = True
    ends_at = time.monotonic() + END_SECONDS
    for thread in threads:
        thread.join(max(0.0, ends_at - time.monotonic()))
    if any(thread.is_alive() for thread in threads):
        raise TimeoutError
    return answers


def _in_fork(work: Callable[[], Outcome]) -> Outcome:
    """Return what the function returns in a fork; how it ended, if it returns nothing."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        _serve(work, writer)
    os.close(writer)
    try:
        data = _read(reader, time.monotonic() + 2 * END_SECONDS)
    finally:
        os.close(reader)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        status = os.waitpid(pid, 0)[1]
    return json.loads(data) if data else {"ended": f"ended the process with status {os.waitstatus_to_exitcode(status)}"}


def _serve(work: Callable[[], Outcome], writer: int) -> None:
    """Write what the function returns to the pipe, and end this process without its exit handlers."""
    try:
        try:
            answer = work()
        except TimeoutError:
            answer = {"ended": "the calls wait for each other"}
        with os.fdopen(writer, "w") as pipe:
            json.dump(answer, pipe)
    finally:
        os._exit(0)


def _read(reader: int, ends_at: float) -> bytes:
    blocks: list[bytes] = []
    while select.select([reader], [], [], max(0.0, ends_at - time.monotonic()))[0]:
        block = os.read(reader, 1 << 16)
        if not block:
            return b"".join(blocks)
        blocks.append(block)
    return b""


# frontrun


class State:
    """The state that frontrun's `setup` makes for each interleaving: the module, and a place for each call's answer."""

    def __init__(self, module: ModuleType, calls: int) -> None:
        self.module = module
        self.answers: list[Answer | None] = [None] * calls


def try_frontrun(question: Question, strategy: str, seconds: float) -> Trial:
    """Let frontrun search for an outcome that is none of those of the sequential orders."""
    try:
        import frontrun
        from frontrun._cooperative import patch_locks
    except ImportError as error:
        return Trial(why_not=f"cannot be applied: {error} in {sys.executable}")
    patch_locks()  # as its plug-in for pytest does before tests are imported
    try:
        result = _explore(frontrun.explore, question, strategy, seconds)
    except Exception as error:  # noqa: BLE001  (of the package or the calls)
        return Trial(why_not=f"cannot be applied: {type(error).__name__}: {error}"[:160])
    trial = Trial(runs=result.num_explored)
    if result.property_holds is None:
        trial.why_not = f"inconclusive: {result.inconclusive_reason}"[:160]
    elif not result.property_holds:
        trial.found = (result.explanation or "a race").strip().splitlines()[0]
    return trial


def _explore(explore: Callable[..., Any], question: Question, strategy: str, seconds: float) -> Any:
    folder = Folder(Path.cwd())

    def setup() -> State:
        folder.reset()
        return State(question.load(), len(question.inputs))

    def look(state: State) -> Outcome:
        return outcome(state.module, state.answers, folder.path)

    workers = [_worker(question, number) for number in range(len(question.inputs))]

    def one_by_one(order: Sequence[int]) -> Outcome:
        state = setup()
        for number in order:
            workers[number](state)
        return look(state)

    known = SequentialOutcomes(one_by_one, len(workers))
    return explore(
        setup=setup,
        workers=workers,
        invariant=lambda state: not known.difference(look(state)),
        strategy=strategy,
        total_timeout=seconds,
        warn_nondeterministic_sql=False,  # ids from SQLite are among the outcomes
    )


def _worker(question: Question, number: int) -> Callable[[State], None]:
    from frontrun._deadlock import DeadlockError, SchedulerAbortError

    def work(state: State) -> None:
        function = getattr(state.module, question.function)
        state.answers[number] = call(function, question.inputs[number], (DeadlockError, SchedulerAbortError))

    return work


def main() -> None:
    """Do what the module's docstring says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("way", choices=["threads", "frontrun"])
    parser.add_argument("target", metavar="MODULE:FUNCTION")
    parser.add_argument("inputs", type=json.loads, metavar="INPUTS")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--strategy", default="dpor")
    options = parser.parse_args()
    module, _, function = options.target.partition(":")
    question = Question(module, function, options.inputs)
    if options.way == "threads":
        trial = try_threads(question, options.runs, options.seconds)
    else:
        trial = try_frontrun(question, options.strategy, options.seconds)
    print(json.dumps(asdict(trial)), flush=True)
    os._exit(0)  # threads that wait for ever are not waited for


if __name__ == "__main__":
    main()
