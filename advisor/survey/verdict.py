"""The verdict on a loop, from what the source says and what the second run showed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from advisor.models.survey_report import Independence, LoopObstacle
from advisor.survey.facts import (
    FEWEST_WATCHED,
    SAFE,
    Dependence,
    LoopObservation,
    ObservedChange,
    StaticDependence,
    Variable,
)

_EXPLAINED = ("reduction", "written by item", "last", "private", "carried")


def dependence(static: StaticDependence, observed: LoopObservation | None) -> Dependence:
    """Return the verdict; it is "independent" or "reduction" only if both kinds of evidence agree."""
    independence, why, found = _judge(static, observed)
    return Dependence(independence, why, (*static.obstacles, *found), static.variables)


def _judge(
    static: StaticDependence, observed: LoopObservation | None
) -> tuple[Independence, str, tuple[LoopObstacle, ...]]:
    if static.independence not in SAFE:
        return static.independence, _obstacle_text(static), ()
    if observed is None or observed.watched < FEWEST_WATCHED:
        how_many = "none of its" if observed is None or not observed.watched else "too few"
        return "unknown", f"by the source alone, {_evidence(static)}; {how_many} iterations were watched", ()
    for change in observed.changes:
        verdict = _contradicts(change, static)
        if verdict is not None:
            independence, text = verdict
            return independence, text, (_seen(text, observed),)
    if observed.shared_file:
        text = f"uses `{observed.shared_file}`, a file that another iteration was seen to write or to use"
        return "carried", text, (_seen(text, observed),)
    if static.uses_files and not observed.files_apart:
        text = "reads files and writes files, and these were not all seen to be different ones"
        return "unknown", text, (_seen(text, observed),)
    if observed.random:
        text = "draws from a random generator that outlives the iterations"
        return "unknown", text, (_seen(text, observed),)
    why = f"{_evidence(static)}; {observed.watched:,} iterations were watched"
    return static.independence, why, tuple(_unexplained_output(static, observed))


def _unexplained_output(static: StaticDependence, observed: LoopObservation) -> Iterator[LoopObstacle]:
    """Yield an obstacle if iterations wrote something and the source names nothing that writes."""
    named = any(word in obstacle.text for obstacle in static.obstacles for word in ("prints", "writes", "progress"))
    if observed.output and not named and all(each.operation != "write" for each in static.variables):
        yield _seen("was seen to write output, whose order would change", observed, blocks=False)


def _obstacle_text(static: StaticDependence) -> str:
    blocking = [obstacle for obstacle in static.obstacles if obstacle.blocks]
    roles = {"carried": "the iteration", "unknown": "the loop"}
    texts = [f"line {obstacle.line} {obstacle.text}" for obstacle in blocking[:2]]
    return "; ".join(texts) or f"{roles[static.independence]} is not understood"


def _contradicts(change: ObservedChange, static: StaticDependence) -> tuple[Independence, str] | None:
    """Return the verdict that an observed change forces against the source, or None if the source explains it."""
    variable = _variable(change.name, static.variables)
    if change.written_read:
        if variable is not None and variable.role == "reduction" and variable.operation != "items":
            return None  # a sum reads its own old value
        return "carried", f"an iteration was seen to read `{change.name}` after an earlier one had written it"
    if variable is None or variable.role not in _EXPLAINED:
        return "unknown", f"`{change.name}` changed while iterations ran, and the source does not say why"
    return None


def _variable(name: str, variables: Sequence[Variable]) -> Variable | None:
    """Return the variable that a changed object belongs to: by its name, or as a part or owner."""
    exact = next((each for each in variables if each.name == name), None)
    if exact is not None and exact.role != "read":
        return exact
    related = [each for each in variables if _overlap(each.name, name) and each.role != "read"]
    return related[0] if related else exact


def _overlap(one: str, other: str) -> bool:
    first, second = _steps(one), _steps(other)
    return all(left == right for left, right in zip(first, second, strict=False))


def _steps(name: str) -> list[str]:
    return re.findall(r"[^.\[\]]+", name)


def _seen(text: str, observed: LoopObservation, *, blocks: bool = True) -> LoopObstacle:
    file, line, _ = observed.id
    return LoopObstacle(text=text, file=file, line=line, blocks=blocks)


def _evidence(static: StaticDependence) -> str:
    if static.independence == "independent":
        return "no iteration reads what another one writes"
    return f"iterations share only {_folds(static)}"


def _folds(static: StaticDependence) -> str:
    """Return the reductions in words."""
    folds = [each for each in static.variables if each.role == "reduction"]
    words = [f"`{each.name}` ({_operation(each)})" for each in folds[:3]]
    if len(folds) > len(words):
        words.append(f"{len(folds) - len(words)} more")
    return ", ".join(words) or "the order of their output"


_OPERATIONS = {
    "+": "sum",
    "*": "product",
    "items": "items by key",
    "first": "the first of each key",
    "min": "minimum",
    "max": "maximum",
    "or": "any",
    "and": "all",
    "write": "written in order",
    "append": "appended to",
    "extend": "extended",
    "add": "added to",
    "update": "updated",
}


def _operation(variable: Variable) -> str:
    return _OPERATIONS.get(variable.operation, variable.operation)
