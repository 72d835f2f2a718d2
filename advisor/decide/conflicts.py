"""Report where weaker evidence disagrees with the advice, and why the advice prevails."""

from __future__ import annotations

from advisor.decide.citations import NOTEBOOK
from advisor.decide.reason_rules import strongest
from advisor.decide.strategy_choice import Choice, choose_by_time, feasible_leaders, shares_state
from advisor.describe.matrix_lookup import row_for_name
from advisor.models import Estimate, Reason
from advisor.models.strategies import OWN_GIL
from advisor.report import formatting


def conflicts(choice: Choice, modelled: tuple[Estimate, ...]) -> tuple[Reason, ...]:
    """Return a reason for each disagreement; `modelled` are the estimates before the trials calibrated them."""
    found = (_overruled_model(choice, modelled), _overruled_matrix(choice), _copied_state(choice))
    return tuple(Reason(rule="dissent", text=text, source=source) for text, source in filter(None, found))


def _overruled_model(choice: Choice, modelled: tuple[Estimate, ...]) -> tuple[str, str] | None:
    """Return text and source if the trials put another strategy first than the model had."""
    if modelled == choice.estimates:
        return None
    before = choose_by_time(feasible_leaders(modelled), choice.request)
    if before.strategy == choice.best.strategy:
        return None
    after = next(
        estimate
        for estimate in choice.estimates
        if (estimate.strategy, estimate.workers) == (before.strategy, before.workers)
    )
    found = (
        f"but by the trial it takes {formatting.duration(after.seconds.expected)}"
        if after.feasible
        else f"but it {after.why}"
    )
    text = (
        f"The model expected {formatting.workers(before.strategy, before.workers)} to be fastest "
        f"({formatting.duration(before.seconds.expected)}), {found}. The measurement takes precedence."
    )
    return text, "--verify"


def _overruled_matrix(choice: Choice) -> tuple[str, str] | None:
    """Return text and source if the matrix has another verdict for the description, or for the target's name."""
    reading, target = choice.request.reading, choice.request.profile.target
    row = reading.row if reading is not None and reading.row is not None else row_for_name(target) if target else None
    if row is None:
        return None
    verdict = reading.recommendation if reading is not None and reading.row is not None else row.recommendation
    facts, best = choice.facts, choice.best
    if verdict == best.strategy:
        return None
    clause = strongest(facts).clause(facts).replace("the function", "this job" if facts.assumed else "your function", 1)
    workers = formatting.workers(best.strategy, best.workers)
    action = "keep the plain loop" if best.strategy == "sequential" else f"use {workers}"
    return f"The matrix says {verdict} for “{row.task}”; here {clause}, so {action}.", row.source


def _copied_state(choice: Choice) -> tuple[str, str] | None:
    """Return text and source if processes are recommended although the calls share state."""
    threads = choice.facts.best("threading")
    sharing = shares_state(choice.request.profile, choice.request.job)
    if not sharing or choice.best.strategy not in OWN_GIL or threads is None:
        return None
    ratio = threads.seconds.expected / max(choice.best.seconds.expected, 1e-12)
    text = (
        f"Shared state favours threads, but {formatting.workers(choice.best.strategy, choice.best.workers)} are "
        f"{formatting.times(ratio)} as fast as the best threads, which makes up for sending results back "
        "and merging them."
    )
    return text, NOTEBOOK
