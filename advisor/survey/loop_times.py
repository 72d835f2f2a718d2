"""Attribute the samples of the first run to the loops of the source."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from advisor.survey.child import Ending
from advisor.survey.facts import FirstRun, Loop, LoopId, LoopTime
from advisor.survey.first_run import Counts, Frame, Samples

LoopsOf = Callable[[str, str], tuple[Loop, ...]]  # of a source and its file
Enclosing = Callable[[Sequence[Loop], int], Sequence[Loop]]  # loops around a line, the innermost first
LEAST_LINE_SHARE = 0.02


def as_first_run(
    samples: Samples, status: int, ending: Ending, *, loops_of: LoopsOf, enclosing: Enclosing, folder: Path
) -> FirstRun:
    """Return the first run with its times by loop.

    Args:
        samples: All samples.
        status: Exit status of the program.
        ending: How it ended.
        loops_of: Finds the loops in a source.
        enclosing: Finds the loops around a line.
        folder: In which the program was started; the names of files in it become relative.
    """
    samples = replace(samples, frames=[(_name(file, folder), line, name) for file, line, name in samples.frames])
    loops = {file: _loops_in(folder / file, file, loops_of) for file in {frame[0] for frame in samples.frames}}
    times: dict[LoopId, Counts] = defaultdict(Counts)
    around: dict[LoopId, Counter[tuple[LoopId, ...]]] = defaultdict(Counter)
    within: dict[LoopId, Counter[int]] = defaultdict(Counter)
    found: dict[LoopId, Loop] = {}
    lines: Counter[tuple[str, int]] = Counter()
    for stack, counts in samples.stacks.items():
        frames = [samples.frames[number] for number in stack]
        if frames:
            lines[frames[-1][:2]] += counts.seconds  # type: ignore[assignment]
        running = _running(frames, loops, enclosing)
        chain = [loop for loop, _ in running]
        for index, (loop, line) in enumerate(running):
            found[loop.id] = loop
            within[loop.id][line] += counts.seconds  # type: ignore[assignment]
            times[loop.id].add(vars(counts).values())
            around[loop.id][tuple(each.id for each in chain[:index])] += 1
    whole = Counts()
    for counts in samples.stacks.values():
        whole.add(vars(counts).values())
    return FirstRun(
        seconds=samples.seconds,
        cpu_seconds=samples.cpu,
        samples=int(whole.samples),
        exit_status=status,
        ending=ending,
        loops=tuple(
            sorted(
                (_time(found[each], counts, around[each], within[each]) for each, counts in times.items()),
                key=lambda time: -time.seconds,
            )
        ),
        lines=tuple(
            (file, line, seconds / samples.seconds)
            for (file, line), seconds in lines.most_common(10)
            if seconds > LEAST_LINE_SHARE * samples.seconds
        ),
        threads=max(1, round(whole.active / whole.seconds)) if whole.seconds else 1,
        children=samples.children,
        cores_used=whole.cores / whole.seconds if whole.seconds else 1.0,
        files=tuple(sorted({frame[0] for frame in samples.frames})),
        computing_share=min(1.0, whole.computing / whole.seconds) if whole.seconds else 1.0,
        is_complete=samples.is_complete,
    )


def _name(file: str, folder: Path) -> str:
    return str(Path(file).relative_to(folder)) if Path(file).is_relative_to(folder) else file


def _loops_in(path: Path, file: str, loops_of: LoopsOf) -> tuple[Loop, ...]:
    try:
        return loops_of(decoded(path), file)
    except (OSError, SyntaxError, ValueError):  # generated code, or a file that has changed meanwhile
        return ()


def decoded(path: Path) -> str:
    """Return the text of a source file, in its own encoding."""
    import tokenize

    with tokenize.open(path) as source:
        return source.read()


def _running(
    frames: Iterable[Frame], loops: dict[str, tuple[Loop, ...]], enclosing: Enclosing
) -> list[tuple[Loop, int]]:
    """Return the loops that were running and their lines, the outermost first, each once even in a recursion."""
    running: dict[LoopId, tuple[Loop, int]] = {}
    for file, line, _ in frames:
        for loop in reversed(enclosing(loops[file], line)):
            running.setdefault(loop.id, (loop, line))
    return list(running.values())


def _time(loop: Loop, counts: Counts, around: Counter[tuple[LoopId, ...]], lines: Counter[int]) -> LoopTime:
    return LoopTime(
        loop,
        seconds=counts.seconds,
        samples=int(counts.samples),
        gil_share=min(1.0, counts.holding / counts.seconds),
        computing_share=min(1.0, counts.computing / counts.seconds),
        cores=counts.cores / counts.seconds,
        threads=counts.active / counts.seconds,
        callers=around.most_common(1)[0][0],
        lines=tuple(sorted(lines.items())),
    )
