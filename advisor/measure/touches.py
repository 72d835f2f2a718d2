"""Put together what calls touch: shared objects, state of the whole process, and what the calls changed in place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from advisor.measure.side_effects import Changes
from advisor.models import Safety, SideEffects, Touch
from advisor.models.resources.effects import RESOURCES


class Code(NamedTuple):
    """What is known of the code of the calls."""

    loads: frozenset[str] = frozenset()  # names and attributes that it reads
    locks: bool = False  # some of it holds a lock


def all_touches(
    found: Iterable[Touch], effects: SideEffects, results: Iterable[Any], changes: Changes, code: Code
) -> tuple[Touch, ...]:
    """Return the touches that were found, and those that follow from the side effects.

    Args:
        found: Shared objects and process-wide state.
        effects: What the calls did besides returning.
        results: What a few calls returned. Calls that return nothing are made for what they change.
        changes: What is known about the names in the effects.
        code: What is known of the code.
    """
    touches = tuple(found)
    further = (*_random(touches, effects), *_changed(effects, results, changes, code))
    return (*touches, *further)


def _random(touches: Iterable[Touch], effects: SideEffects) -> Iterator[Touch]:
    """Yield NumPy's global generator, unless each call seeds it."""
    if effects.random_shared and not any(touch.resource == "random seed" for touch in touches):
        yield Touch(
            name="numpy.random",
            kind="random generator",
            type="numpy.random.mtrand.RandomState",
            resource="random generator",
            threads="caution",
            fork="unsafe",
        )


def _changed(effects: SideEffects, results: Iterable[Any], changes: Changes, code: Code) -> Iterator[Touch]:
    """Yield what calls change and a worker process would lose; of calls that return something, what they add up.

    What calls that return something only set, and never read, tells of the last call at most: its loss is no harm.
    Statistics that the user's code counts up and reads nowhere are worth a warning.
    """
    row = RESOURCES["changed object"]
    returns_nothing = all(result is None for result in results)
    if returns_nothing:
        names = [*effects.globals_written, *effects.changed]
    else:
        names = [*changes.accumulated, *(name for name in effects.changed if not name.startswith("argument "))]
    for name in dict.fromkeys(names):
        if not returns_nothing and name.rpartition(".")[2] not in code.loads:
            continue
        is_statistics = name in changes.unread and not returns_nothing
        in_threads: Safety = row.threads
        if name.startswith("argument "):
            in_threads = "safe"
        elif name in changes.totals and not code.locks and not is_statistics:
            in_threads = "unsafe"
        yield Touch(
            name=name,
            kind="object",
            resource=row.key,
            threads=in_threads,
            fork="caution" if is_statistics else row.fork,
            spawn="caution" if is_statistics else row.spawn,
        )
