"""Combine what calls touch: shared objects, process-wide state, and objects that the calls changed in place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from advisor.measure.shared_state.resource_use import global_random_use
from advisor.measure.shared_state.side_effects import Changes
from advisor.models import Safety, SideEffects, Touch
from advisor.models.resources.effects import RESOURCES

_SEVERAL_CORES = 1.25  # on average, from which a call has a thread pool at work


class Code(NamedTuple):
    """Facts about the code of the calls."""

    loads: frozenset[str] = frozenset()  # names and attributes that it reads
    locks: bool = False  # some of it holds a lock


def all_touches(
    found: Sequence[Touch], effects: SideEffects, results: Iterable[Any], changes: Changes, code: Code
) -> tuple[Touch, ...]:
    """Return the touches that were found, and those that follow from the side effects.

    Args:
        found: Shared objects and process-wide state.
        effects: The side effects of the calls.
        results: The results of a few calls. Calls that return nothing are made for their changes.
        changes: Further facts about the names in the effects.
        code: Facts about the code.
    """
    touches: dict[str, Touch] = {}
    for touch in (*found, *_random(found, effects), *_changed(effects, results, changes, code)):
        touches.setdefault(touch.name, touch)  # the code may also show state that calls change
    return tuple(touches.values())


def in_use(touches: Iterable[Touch], native_threads: float | None) -> tuple[Touch, ...]:
    """Return the touches without libraries that could use a thread pool but did not."""
    has_pool = (native_threads or 1.0) > _SEVERAL_CORES
    return tuple(touch for touch in touches if has_pool or touch.resource != "native thread pool")


def _random(touches: Iterable[Touch], effects: SideEffects) -> Iterator[Touch]:
    """Yield NumPy's global generator, unless each call seeds it."""
    if effects.random_shared and not any(touch.resource == "random seed" for touch in touches):
        use = global_random_use()
        yield Touch(
            name="numpy.random",
            kind="random generator",
            type="numpy.random.mtrand.RandomState",
            resource=use.resource,
            threads=use.threads,
            fork=use.fork,
            spawn=use.spawn,
        )


def _changed(effects: SideEffects, results: Iterable[Any], changes: Changes, code: Code) -> Iterator[Touch]:
    """Yield what calls change and a worker process would lose; for calls with results, only what they accumulate.

    The results of such calls do not depend on changes that nothing reads, so losing them deserves a warning only. An
    attribute that they set and never read describes the last call at most.
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
        is_harmless = not returns_nothing and name in changes.unread
        in_threads: Safety = row.threads
        if name.startswith("argument "):
            in_threads = "safe"
        elif name in changes.totals and not is_harmless and not code.locks:
            in_threads = "unsafe"
        yield Touch(
            name=name,
            kind="object",
            resource=row.key,
            threads=in_threads,
            fork="caution" if is_harmless else row.fork,
            spawn="caution" if is_harmless else row.spawn,
        )
