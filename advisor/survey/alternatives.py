"""Name what helps besides concurrency, where something that was seen supports it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from advisor.survey.conclusions import JudgedLoop

LARGE_SHARE = 0.9  # of an iteration's time that holds the GIL, from which it computes in Python
SHORT = 1e-4  # seconds of an iteration that a compiler makes much shorter
MANY = 10_000  # iterations


def instead(loops: Iterable[JudgedLoop]) -> tuple[str, ...]:
    """Return sentences about loops that something else makes faster than workers do."""
    found = []
    for each in loops:
        file, line, _ = each.time.loop.id
        place = f"{file}:{line}"
        if each.time.loop.kind in ("apply", "rows"):
            found.append(
                f"{place} handles the rows of a table one by one: operations on whole columns do the same natively."
            )
        elif _commits(each):
            found.append(
                f"{place} commits to the database in each iteration: one transaction around the loop, or executemany(), "
                "saves a wait for the disk each time."
            )
        elif _computes_numbers(each):
            found.append(
                f"{place} computes in Python, in short iterations: Numba, Cython or NumPy can run the whole loop natively."
            )
    return tuple(found)


def _commits(judged: JudgedLoop) -> bool:
    return any("commit" in obstacle.text for obstacle in judged.dependence.obstacles)


def _computes_numbers(judged: JudgedLoop) -> bool:
    observation = judged.observation
    if observation is None or observation.profile is None or judged.suitability.strategy != "sequential":
        return False
    profile = observation.profile
    is_python = (profile.gil_held or 0.0) > LARGE_SHARE * profile.wall
    return is_python and profile.wall < SHORT and observation.iterations >= MANY
