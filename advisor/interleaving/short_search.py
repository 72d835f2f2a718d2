"""A short search for races, for advice on threads."""

from __future__ import annotations

from advisor.errors import AdvisorError
from advisor.interleaving.question import RaceQuestion
from advisor.interleaving.search import find_races
from advisor.models import RaceReport

SECONDS = 1.0


def short_search(target: str, inputs: str | None, *, star: bool) -> RaceReport | None:
    """Return the report of a search of one second; None if the target cannot be searched."""
    try:
        return find_races(RaceQuestion(target, inputs, star=star, seconds=SECONDS))
    except AdvisorError:
        return None
