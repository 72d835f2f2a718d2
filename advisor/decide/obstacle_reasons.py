"""Answer the obstacles that a description reports: the remedy first, then the advice on the task."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.models import Obstacle, Reason


def reasons(obstacles: Sequence[Obstacle]) -> tuple[Reason, ...]:
    """Return what each symptom shows and what to do about it, with the source."""
    return tuple(
        Reason(rule="symptom", text=f"{obstacle.cause} {obstacle.remedy}", source=obstacle.source)
        for obstacle in obstacles
    )


def remedy_first(obstacles: Sequence[Obstacle], summary: str) -> str:
    """Put the remedy of the most certain obstacle before a summary."""
    return f"{obstacles[0].remedy} {summary}" if obstacles else summary
