"""The words of pitfalls about races: what calls share and write, the command that searches, and what it found."""

from __future__ import annotations

import itertools
import shlex
from pathlib import PurePath
from typing import TYPE_CHECKING

from advisor.models import Profile, RaceFinding, RaceStep

if TYPE_CHECKING:
    from advisor.decide.rule_inputs import Facts

_MAX_STEPS = 6


def shared_writes(profile: Profile) -> tuple[str, ...]:
    """Return the names of what calls share and write; caches and arguments of single calls are left out."""
    effects = profile.side_effects
    names = [touch.name for touch in profile.touches if touch.threads == "unsafe"]
    if effects is not None:
        names += [name for name in effects.globals_written if name not in effects.caches]
        names += [name for name in effects.changed if not name.startswith("argument ")]
    return tuple(dict.fromkeys(names))


def race_command(facts: Facts) -> str:
    """Return the command, or in a notebook the call, that searches for races."""
    target = facts.profile.target or "my_module:func"
    source, _, name = target.rpartition(":")
    if facts.profile.reached == "program" or source == "__main__" or (facts.in_notebook and ".ipynb" not in source):
        return f"advisor.races({name}{', inputs' if facts.inputs or facts.in_notebook else ''})"
    inputs = f" --inputs {shlex.quote(facts.inputs)}" if facts.inputs else ""
    return f"advise races {shlex.quote(target)}{inputs}{' --star' if facts.star else ''}"


def race_lines(finding: RaceFinding | None) -> str:
    """Return the lines of a finding, in the order of time, by call."""
    steps = finding.steps if finding is not None else ()
    rows = [(thread, list(group)) for thread, group in itertools.groupby(steps, lambda step: step.thread)]
    shown = [f"call {thread} runs {', '.join(map(_line, group[-2:]))}" for thread, group in rows[:_MAX_STEPS]]
    return "; ".join([*shown, "…"] if len(rows) > _MAX_STEPS else shown)


def _line(step: RaceStep) -> str:
    return f"{PurePath(step.file).name}:{step.line} `{step.source}`"


def race_outcome(finding: RaceFinding | None) -> str:
    """Return what came out, and what comes out of the calls one after the other."""
    if finding is None:
        return ""
    if finding.kind == "deadlock" or not finding.possible:
        return finding.observed
    return f"{finding.observed}, instead of {finding.possible[0]}"


def race_switches(finding: RaceFinding | None) -> str:
    is_without = finding is not None and not finding.with_gil
    return " without the GIL, or on a version that switches threads elsewhere" if is_without else ""
