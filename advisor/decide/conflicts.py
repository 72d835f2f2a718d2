"""Where weaker evidence said something else than the verdict, and what overrules it."""

from __future__ import annotations

from advisor.decide import explain
from advisor.decide.choose import choose, feasible_leaders, shares_state
from advisor.describe.matrix_lookup import row_for_name
from advisor.models import Estimate, Reading, Reason
from advisor.models.strategies import OWN_GIL
from advisor.report import formatting


def dissent(facts: explain.Facts, modelled: tuple[Estimate, ...], reading: Reading | None) -> tuple[Reason, ...]:
    """Where weaker evidence said something else than the verdict."""
    said = (_overturned_model(facts, modelled), _overruled_matrix(facts, reading), _shared_state_copied(facts))
    return tuple(Reason(rule="dissent", text=text, source=source) for text, source in filter(None, said))


def _overturned_model(facts: explain.Facts, modelled: tuple[Estimate, ...]) -> tuple[str, str] | None:
    """A run of the real thing took the first place from what the model had put there."""
    if modelled == facts.estimates:
        return None
    before = choose(feasible_leaders(modelled), facts.profile, facts.job, facts.machine, None)
    if before.strategy == facts.strategy:
        return None
    after = next(one for one in facts.estimates if one.strategy == before.strategy and one.workers == before.workers)
    found = (
        f"would take {formatting.duration(after.seconds.expected)} by what was measured when run"
        if after.feasible
        else after.why
    )
    text = (
        f"The model put {formatting.workers(before.strategy, before.workers)} first with "
        f"{formatting.duration(before.seconds.expected)}; that {found}, and what was run overrules it."
    )
    return text, "--verify"


def _overruled_matrix(facts: explain.Facts, reading: Reading | None) -> tuple[str, str] | None:
    """The matrix says otherwise for a task of this kind, by its description or by its name."""
    said = _matrix_says(facts, reading)
    if said is None or said[0] == facts.strategy:
        return None
    verdict, task, source = said
    subject = "this job" if facts.assumed else "your function"
    clause = explain.fired(facts)[0].clause(facts).replace("the function", subject, 1)
    crew = formatting.workers(facts.strategy, facts.workers)
    action = "keep the plain loop" if facts.strategy == "sequential" else f"use {crew}"
    return f"The matrix says {verdict} for “{task}”; here {clause}, so {action}.", source


def _matrix_says(facts: explain.Facts, reading: Reading | None) -> tuple[str, str, str] | None:
    """Verdict, task and source of the matrix row that the description or the target's name speaks of."""
    if reading is not None and reading.row is not None:
        return reading.recommendation, reading.row.task, reading.row.source
    row = row_for_name(facts.profile.target) if facts.profile.target else None
    return (row.recommendation, row.task, row.source) if row else None


def _shared_state_copied(facts: explain.Facts) -> tuple[str, str] | None:
    """Processes were chosen although the calls share state."""
    threads = facts.best("threading")
    if not shares_state(facts.profile, facts.job) or facts.strategy not in OWN_GIL or threads is None:
        return None
    ratio = threads.seconds.expected / max(facts.chosen.seconds.expected, 1e-12)
    text = (
        f"Shared state speaks for threads, but {formatting.workers(facts.strategy, facts.workers)} are "
        f"{formatting.times(ratio)} as fast as the best threads: enough to send results back and merge them."
    )
    return text, explain.NOTEBOOK
