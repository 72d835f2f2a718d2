"""Rewrite the loops that pay: each by itself, and all of them in one patch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from advisor.host.cores_and_memory import start_method
from advisor.models.survey_report import LoopObstacle
from advisor.survey.extraction import Rewrite, attempt
from advisor.survey.facts import Dependence, Loop
from advisor.survey.loops import loops_of
from advisor.survey.patch import unified
from advisor.survey.pool_code import Form
from advisor.survey.suitability import JudgedLoop, most_workers, unchanged

NOTHING_TO_MOVE = "all that an iteration does has to happen in the order of the loop"  # as `attempt` says it
NOT_WORTH_MOVING = "is not rewritten: what stays in the loop and what workers return cost more than it brings"
MOST_STAYS = "is not rewritten: what takes most of its time would have to stay in the loop, in its order"


def with_code(judged: JudgedLoop, modules: Mapping[str, str]) -> JudgedLoop:
    """Return a loop with its rewrite, or with the reason why there is none.

    A loop of which nothing can move into a worker gains nothing.

    Args:
        judged: The loop.
        modules: The texts of the user's modules by file.
    """
    if judged.suitability.strategy == "sequential" or judged.dependence.independence == "unknown":
        return judged
    loop = judged.time.loop
    code = _attempt(judged, modules, loop)
    if isinstance(code, Rewrite):
        return replace(judged, code=code)
    if code == NOTHING_TO_MOVE:
        return replace(judged, suitability=unchanged(judged.suitability.advice))
    return replace(judged, dependence=with_note(judged.dependence, f"is not rewritten: {code}", loop))


def with_note(dependence: Dependence, text: str, loop: Loop) -> Dependence:
    """Return a verdict with a note about the header of its loop."""
    file, line, _ = loop.id
    found = LoopObstacle(text=text, file=file, line=line, blocks=False)
    return replace(dependence, obstacles=(*dependence.obstacles, found))


def combined_patch(loops: Sequence[JudgedLoop], modules: Mapping[str, str]) -> str:
    """Return a unified diff that changes these loops, without those that cannot be rewritten.

    Args:
        loops: None of them within another.
        modules: The texts of the user's modules by file.
    """
    after: dict[str, str] = {}
    for each in loops:
        if each.code is None:
            continue
        file = each.time.loop.id[0]
        if file not in after:
            after[file] = each.code.new_source
        elif (loop := _found_again(each.time.loop, after[file])) is not None:
            code = _attempt(each, {**modules, file: after[file]}, loop)
            after[file] = code.new_source if isinstance(code, Rewrite) else after[file]
    return "".join(unified(file, modules[file], text) for file, text in after.items())


def _attempt(judged: JudgedLoop, modules: Mapping[str, str], loop: Loop) -> Rewrite | str:
    """Rewrite a loop with a pool of the standard library or, where that would not do the same, with `advisor.map`.

    In a script that starts its work when it is imported, processes are forked if they are on this host anyway.
    """
    gain, source = judged.suitability, modules[loop.id[0]]
    profile = gain.advice.profile if gain.advice else None
    write = partial(
        attempt,
        source,
        loop.id[0],
        loop,
        judged.dependence,
        modules=modules,
        strategy=gain.strategy,
        workers=gain.workers,
        most_workers=most_workers(profile) if profile else None,
        chunk=gain.advice.chunk if gain.advice is not None else 1,
    )
    forms: list[Form] = ["executor", "fork", "map"] if start_method() == "fork" else ["executor", "map"]
    code: Rewrite | str = ""
    for form in forms:
        code = write(form=form)
        if isinstance(code, Rewrite):
            break
    return code


def _found_again(loop: Loop, source: str) -> Loop | None:
    """Return the loop in a source that was changed elsewhere; None if it is not the only one of its kind there."""
    found = [
        each for each in loops_of(source, loop.id[0]) if (each.source, each.function) == (loop.source, loop.function)
    ]
    return found[0] if len(found) == 1 else None
