"""Facts about the libraries and programs of a job, as reasons and pitfalls.

A fact supports a verdict, it does not make one: of a function that was measured, only facts that agree with the
measurement are reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from advisor.decide.pitfall_rule import PitfallRule
from advisor.decide.rule_inputs import Facts
from advisor.decide.thread_limits import setting
from advisor.describe.lexicon import lookup
from advisor.models import LexiconEntry, Profile, Reason, Strategy
from advisor.models.resources.libraries import PACKAGES
from advisor.models.resources.types import TYPES
from advisor.models.strategies import CONCURRENT, OWN_GIL, SEQUENTIAL, SHARED_MEMORY

MAX_REASONS = 3
NOTICEABLE = 0.3  # share of a measured call's time from which a fact about it is of interest

# Where the work happens → the strategies that this speaks for.
_SPEAKS_FOR: dict[str, frozenset[Strategy]] = {
    **dict.fromkeys(("network", "disk", "database", "device", "child"), SHARED_MEMORY),
    "releases": frozenset({"threading", "multiprocessing"}),
    "holds": OWN_GIL,
    "tiny": SEQUENTIAL,
    "serial": SEQUENTIAL,
}
# A trait, the strategies that it is a pitfall of, and what to do.
PITFALL_TRAITS: tuple[tuple[str, frozenset[Strategy], str], ...] = (
    (
        "not-thread-safe",
        frozenset({"threading"}),
        "{name} is not safe to share between threads: give each thread its own, or hold a lock while it is used.",
    ),
    (
        "not-fork-safe",
        OWN_GIL,
        "Forked processes must not inherit what {name} has open: open it in each worker's initializer.",
    ),
    ("not-picklable", OWN_GIL, "Objects of {name} cannot be pickled: make them inside the worker."),
    (
        "rate-limited",
        CONCURRENT,
        "{name} limits the rate of calls: use no more workers than the limit keeps busy.",
    ),
    (
        "already-parallel",
        CONCURRENT,
        "{name} uses several cores by itself: {limit}, or use fewer workers than cores.",
    ),
)

_KNOWN_PACKAGES = frozenset({name.partition(".")[0] for name in TYPES} | PACKAGES.keys())


def known(named: Iterable[LexiconEntry], modules: Sequence[str]) -> tuple[LexiconEntry, ...]:
    """Return the entries that a description names, and those about the modules that a call imports."""
    return tuple(dict.fromkeys([*named, *(lookup.find_module_entries(modules) if modules else ())]))


def reasons(entries: Sequence[LexiconEntry], strategy: Strategy, profile: Profile) -> tuple[Reason, ...]:
    """Return the facts that speak for the strategy, each with its version and source."""
    speaking = [
        entry for entry in entries if entry.source and strategy in _speaks_for(entry) and _agrees(entry, profile)
    ]
    return tuple(
        Reason(rule="knowledge", text=_with_version(entry), source=entry.source or "")
        for entry in speaking[:MAX_REASONS]
    )


def _speaks_for(entry: LexiconEntry) -> frozenset[Strategy]:
    strategies = _SPEAKS_FOR.get(entry.works, frozenset())
    return strategies | SEQUENTIAL if "already-parallel" in entry.traits and entry.works == "releases" else strategies


def pitfall_rules(entries: Sequence[LexiconEntry]) -> tuple[PitfallRule, ...]:
    """Return a pitfall for each trait, of the first library that has it."""
    return tuple(
        PitfallRule(
            code=trait,
            when=f"{entry.name} is used",
            condition=lambda facts, trait=trait, entry=entry: _applies(trait, entry, facts),  # type: ignore[misc]
            concerns=concerns,
            text=text.replace("{name}", entry.name).replace("{limit}", setting(entry.imports) or "limit it to one"),
            source=entry.source or "",
        )
        for trait, concerns, text in PITFALL_TRAITS
        for entry in [entry for entry in entries if trait in entry.traits and entry.source][:1]
    )


def _applies(trait: str, entry: LexiconEntry, facts: Facts) -> bool:
    """Return True if the trait matters; for a measured function, that depends on the objects that its calls share.

    A connection that each call opens for itself needs no warning. Open objects of
    libraries whose types are not known may still be carried across a fork.
    """
    if trait == "not-fork-safe":
        return facts.start_method == "fork" and (facts.assumed or not _KNOWN_PACKAGES.intersection(entry.imports))
    return facts.assumed or trait != "not-thread-safe"


def _agrees(entry: LexiconEntry, profile: Profile) -> bool:
    """Return True if a call spends a good part of its time the way that the fact says."""
    parts = {"holds": profile.gil_held, "releases": profile.gil_free, "child": profile.child_cpu}
    seconds = parts.get(entry.works, profile.wait)
    return (seconds or 0.0) >= NOTICEABLE * profile.wall


def _with_version(entry: LexiconEntry) -> str:
    return f"{entry.fact.rstrip('.')} ({entry.version})." if entry.version else entry.fact
