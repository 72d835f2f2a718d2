"""The process of the second run: the program with reports of its most promising loops."""

from __future__ import annotations

import builtins
import json
import os
import signal
import sys
from collections import defaultdict
from functools import partial
from types import CodeType
from typing import Any, NoReturn

from advisor.host.cores_and_memory import python
from advisor.measure import memory, pickling
from advisor.measure.meter import Meter
from advisor.survey import instrument
from advisor.survey.file_use import FileWatch
from advisor.survey.iteration_effects import IterationEffects, SeenChange
from advisor.survey.loop_watch import LoopWatch
from advisor.survey.program import Program, run_as_main
from advisor.survey.watched_loop import WatchedLoop
from advisor.target.inputs import Call

PICKLING_SECONDS = 0.06
_SET_DEATH_SIGNAL = 1  # <linux/prctl.h>


def main() -> None:
    """Run the program that the arguments describe: a descriptor for the result, and a JSON object."""
    descriptor, question = int(sys.argv[1]), json.loads(sys.argv[2])
    os.set_inheritable(descriptor, False)
    _end_with_parent()
    sys.path.pop()  # the folder of this package, which the program does not have there
    program = Program(question["name"], tuple(question["arguments"]), question["is_module"])
    close_up = CloseUp(question["loops"], descriptor)
    run_as_main(program, close_up.compile, close_up.start)


def _end_with_parent() -> None:
    """Have the kernel end this process when the one that started it has gone, where it can."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)


class CloseUp:
    """Instruments the program, watches its loops, and sends what was seen.

    Args:
        loops: For each loop its `place` (absolute file, line, column), the `names` that its body shares with what is
            around it, and those of them that are `private` to an iteration or only `read`.
        descriptor: Where to send the result.
    """

    def __init__(self, loops: list[dict[str, Any]], descriptor: int) -> None:
        self._places: dict[str, dict[tuple[int, int], int]] = defaultdict(dict)
        for number, loop in enumerate(loops):
            file, line, column = loop["place"]
            self._places[os.path.realpath(file)][line, column] = number
        self._effects = {
            number: IterationEffects(
                tuple(loop["names"]),
                frozenset(loop["private"]),
                frozenset(loop["read"]),
                loop["item"],
                tuple(loop["parts"]),
                loop["containers"],
            )
            for number, loop in enumerate(loops)
        }
        self._descriptor = descriptor
        self._process = os.getpid()
        self._is_finished = False

    def compile(self, source: bytes, file: str) -> CodeType:
        """Compile the program's main file."""
        return instrument.instrumented(source, file, self._places.get(os.path.realpath(file), {}))

    def start(self) -> Any:
        """Start watching, and return the function that ends it."""
        pickling.load_pickler()
        self._idle_memory = memory.resident_memory()
        memory.reset_peak()
        self._observer = Meter.start_observer()
        if self._observer is not None and not self._is_ready():
            self._observer = None
        self._watch = LoopWatch(self._effects, self._observer)
        self._watch.publish(vars(builtins))
        FileWatch(self._watch.use_file, self._watch.is_using).install()
        instrument.install(self._places)
        self._finish_before_exit()
        return self.finish

    def _finish_before_exit(self) -> None:
        """Let `os._exit`, which runs no exit handlers, send what was seen."""
        leave = os._exit

        def finish_and_leave(status: int) -> NoReturn:
            self.finish()
            leave(status)

        os._exit = finish_and_leave

    def _is_ready(self) -> bool:
        assert self._observer is not None
        try:
            return self._observer.is_ready(2.0)
        except OSError:
            return False

    def finish(self) -> None:
        """Send what was seen; a forked child of the program sends nothing."""
        if os.getpid() != self._process or self._is_finished:
            return
        self._is_finished = True
        self._watch.finish()
        observed = {} if self._observer is None else self._observer.finish()
        loops = [_as_json(each) for each in self._watch.loops.values()]
        message = {
            "loops": loops,
            "observed": {window: list(counts) for window, counts in observed.items()},
            "peak_memory": memory.peak_memory(),
            "idle_memory": self._idle_memory,
            "python": python().model_dump(),
        }
        data = json.dumps(message).encode() + b"\n"
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError:
            return


def _as_json(loop: WatchedLoop) -> dict[str, Any]:
    effects = loop.effects
    return {
        "executions": loop.executions,
        "iterations": loop.iterations,
        "seconds": loop.seconds,
        "header_seconds": loop.header,
        "ended_early": loop.ended_early,
        "lengths": loop.lengths,
        "slices": [[calls, part.window, list(part.elapsed)] for calls, part in loop.slices],
        "watched": effects.watched,
        "changes": {**{name: _change(seen) for name, seen in effects.changes.items()}, **_repeated(effects)},
        "random": effects.random,
        "output": effects.output,
        "shared_file": effects.shared_file,
        "files_apart": _are_files_apart(loop),
        "sizes": _sizes(effects),
    }


def _are_files_apart(loop: WatchedLoop) -> bool:
    """Return True if iterations were seen to read files and to write others, in every execution of the loop."""
    effects = loop.effects
    is_seen = effects.reads_files and effects.writes_files and not effects.files_unclear
    return is_seen and not effects.shared_file and loop.weights == loop.watched


def _change(seen: SeenChange) -> dict[str, Any]:
    counts = {"rebound": seen.rebound, "grown": seen.grown, "items": seen.items, "changed": seen.other}
    return {"how": max(counts, key=lambda how: counts[how]), "keys_repeat": seen.keys_repeat if seen.items else None}


def _repeated(effects: IterationEffects) -> dict[str, Any]:
    """Return changes that another iteration sees, since an object is an item more than once or items overlap."""
    names = {*effects.shared_within, *([effects.item] if effects.items_seen.repeats else [])}
    return {name: {"how": "changed", "written_read": True} for name in sorted(names)}


def _sizes(effects: IterationEffects) -> dict[str, Any]:
    """Return the bytes and seconds of pickling what an iteration reads and what it leaves behind, as in a Profile.

    What all iterations read is sent with the function. Rows of a table are sent as a part of it, which costs something
    by itself.
    """
    calls = [Call((item,)) for item in effects.items]
    reads = [value for name, value in effects.reads.items() if name not in effects.changes]
    if effects.are_rows:
        reads.append(sys.modules["pandas"].DataFrame(effects.items[:1]))
    function = partial(len, *reads) if reads else len
    fields = pickling.measure_pickling(function, calls, effects.made or effects.added, PICKLING_SECONDS)
    fields["picklable"] = fields["picklable"].model_dump()
    return fields
