"""Put together what calls touch: shared objects, state of the whole process, and what the calls changed in place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from advisor.measure.resource_use import global_random_use
from advisor.models import SideEffects, Touch
from advisor.models.resources.effects import RESOURCES

_SEVERAL_CORES = 1.25  # on average, from which a call has a thread pool at work


def all_touches(
    found: Iterable[Touch], effects: SideEffects, results: Iterable[Any], *, accumulated: Iterable[str] = ()
) -> tuple[Touch, ...]:
    """Return the touches that were found, and those that follow from the side effects.

    Args:
        found: Shared objects and process-wide state.
        effects: What the calls did besides returning.
        results: What a few calls returned. Calls that return nothing are made for what they change.
        accumulated: Globals written that are counters or collect results.
    """
    touches = tuple(found)
    further = (*_random(touches, effects), *_changed(effects, results, accumulated))
    return (*touches, *further)


def in_use(touches: Iterable[Touch], native_threads: float | None) -> tuple[Touch, ...]:
    """Return the touches without libraries whose calls could use a thread pool, and did not."""
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


def _changed(effects: SideEffects, results: Iterable[Any], accumulated: Iterable[str]) -> Iterator[Touch]:
    """Yield what calls change and a worker process would lose; of calls that return something, what they add up."""
    row = RESOURCES["changed object"]
    if all(result is None for result in results):
        names = [*effects.globals_written, *effects.changed]
    else:
        names = [*accumulated, *(name for name in effects.changed if not name.startswith("argument "))]
    for name in names:
        yield Touch(
            name=name,
            kind="object",
            resource=row.key,
            threads="safe" if name.startswith("argument ") else row.threads,
            fork=row.fork,
            spawn=row.spawn,
        )
