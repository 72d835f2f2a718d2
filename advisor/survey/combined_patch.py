"""Change several loops of a program in one patch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from advisor.survey.extraction import Rewrite, rewrite
from advisor.survey.facts import Loop
from advisor.survey.loop_times import decoded
from advisor.survey.loops import loops_of
from advisor.survey.patch import unified
from advisor.survey.suitability import JudgedLoop


def combined_patch(loops: Sequence[JudgedLoop], folder: Path) -> str:
    """Return a unified diff that changes these loops, without those that cannot be rewritten.

    Args:
        loops: None of them within another.
        folder: That the names of their files are relative to.
    """
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    for each in loops:
        file = each.time.loop.id[0]
        before.setdefault(file, decoded(folder / file))
        loop = _found_again(each.time.loop, after.get(file, before[file]))
        code = None if loop is None else rewritten(each, after.get(file, before[file]), loop)
        if code is not None:
            after[file] = code.new_source
    return "".join(unified(file, before[file], text) for file, text in after.items())


def rewritten(judged: JudgedLoop, source: str, loop: Loop) -> Rewrite | None:
    """Return the rewrite of a loop as it stands in a source; None if there is none or it would gain nothing."""
    gain = judged.suitability
    if gain.strategy == "sequential":
        return None
    return rewrite(source, loop.id[0], loop, judged.dependence, strategy=gain.strategy, workers=gain.workers)


def _found_again(loop: Loop, source: str) -> Loop | None:
    """Return the loop in a source that was changed elsewhere; None if it is not the only one of its kind there."""
    found = [
        each for each in loops_of(source, loop.id[0]) if (each.source, each.function) == (loop.source, loop.function)
    ]
    same_place = [each for each in found if each.id == loop.id]
    candidates = same_place or found
    return candidates[0] if len(candidates) == 1 else None
