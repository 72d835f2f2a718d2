"""Name what helps besides concurrency, where something that was seen supports it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from advisor.survey.facts import FirstRun
from advisor.survey.loop_times import decoded
from advisor.survey.suitability import JudgedLoop

WAITING = 0.5  # of the time on a CPU, below which a program mostly waits
LARGE_SHARE = 0.9  # of an iteration's time that holds the GIL, from which it computes in Python
SHORT = 1e-4  # seconds of an iteration that a compiler makes much shorter
MANY = 10_000  # iterations


def instead(loops: Iterable[JudgedLoop]) -> tuple[str, ...]:
    """Return sentences about loops that something else makes faster than workers do."""
    found = []
    for each in loops:
        place = each.place
        if each.time.loop.kind in ("apply", "rows"):
            found.append(
                f"{place} handles the rows of a table one by one: operations on whole columns do the same natively."
            )
        elif _commits(each):
            found.append(
                f"{place} commits to the database in each iteration: one transaction around the loop, "
                "or executemany(), saves a wait for the disk each time."
            )
        elif _computes_numbers(each):
            found.append(
                f"{place} computes in Python, in short iterations: Numba, Cython or NumPy can "
                "run the whole loop natively."
            )
    return tuple(found)


def awaited_in_turn(run: FirstRun, folder: Path) -> Iterator[str]:
    """Yield sentences about loops that await one thing after the other in a program that mostly waits."""
    if run.computing_share > WAITING:
        return
    for file in run.files:
        try:
            tree = ast.parse(decoded(folder / file))
        except (OSError, SyntaxError, ValueError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.For) and any(isinstance(each, ast.Await) for each in _own_nodes(node)):
                yield (
                    f"{file}:{node.lineno} awaits one thing after the other: asyncio.gather, or a TaskGroup, awaits "
                    "them all at once."
                )


def _own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes below a node, except those of functions and loops within it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.For, ast.AsyncFor)):
            yield child
            yield from _own_nodes(child)


def _commits(judged: JudgedLoop) -> bool:
    return any("commit" in obstacle.text for obstacle in judged.dependence.obstacles)


def _computes_numbers(judged: JudgedLoop) -> bool:
    observation = judged.observation
    if observation is None or observation.profile is None or judged.suitability.strategy != "sequential":
        return False
    profile = observation.profile
    is_python = (profile.gil_held or 0.0) > LARGE_SHARE * profile.wall
    return is_python and profile.wall < SHORT and observation.iterations >= MANY
