"""Pitfalls of calls that write what they share: a race that a search found, or the command that searches."""

from __future__ import annotations

from advisor.decide import citations
from advisor.decide.pitfall_rule import PitfallRule
from advisor.decide.race_words import shared_writes
from advisor.decide.rule_inputs import Facts
from advisor.models import Job, Profile
from advisor.models.strategies import EVERY


def writes_shared(profile: Profile, job: Job) -> bool:
    """Return True if calls in threads were seen to write something that they share."""
    if profile.archetype is not None or profile.coroutine:
        return False
    return bool(shared_writes(profile)) or job.shares_state is True


def threads_may_race(facts: Facts) -> bool:
    """Return True if threads are recommended, or would be if the calls did not share what they write."""
    if facts.strategy == "threading":
        return facts.workers > 1
    return facts.ruled_out is not None and facts.ruled_out.strategy == "threading"


def _is_unsearched(facts: Facts) -> bool:
    is_seen = facts.profile.target is not None and writes_shared(facts.profile, facts.job)
    is_searched = facts.race is not None and facts.race.verdict != "unclear"
    return is_seen and not is_searched and threads_may_race(facts)


RACE_PITFALLS: tuple[PitfallRule, ...] = (
    PitfallRule(
        "race-found",
        "a search found two calls that threads could interleave with a wrong outcome",
        lambda facts: facts.race_finding is not None and threads_may_race(facts),
        EVERY,
        "Concurrent calls can give a wrong result{race_switches}: {race_lines}. What came out: {race_outcome}. "
        "`{race_command}` shows it line by line, and looks for a lock that fixes it.",
        citations.THREADING_DOCS,
    ),
    PitfallRule(
        "race-unchecked",
        "calls write what they share, and no search for races was made, or none that tells",
        _is_unsearched,
        EVERY,
        "The calls write {shared_writes}, which threads would share: `{race_command}` searches for an "
        "interleaving with a wrong result.",
        citations.THREADING_DOCS,
    ),
)
