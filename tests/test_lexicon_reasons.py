"""What is known of the libraries at hand supports a verdict, warns of it, and never contradicts what was measured."""

import json
import re

import pytest

from advisor.decide import lexicon_reasons
from advisor.decide.pitfall_rule import fired
from advisor.decide.rule_inputs import Facts
from advisor.describe.lexicon import lookup
from advisor.measure.imported_modules import modules
from advisor.models import Estimate, Job, Machine, Profile, Range, StartMethod, Strategy

HOLDS = Profile(calls=10, wall=0.1, gil_held=0.099, gil_free=0.001, child_cpu=0.0, wait=0.0)
RELEASES = Profile(calls=10, wall=0.1, gil_held=0.005, gil_free=0.095, child_cpu=0.0, wait=0.0)


def parse(line: str) -> object:
    found = re.match("a+", line)
    return json.loads(line) if found is None else helper(line)


def helper(line: str) -> str:
    import textwrap

    return textwrap.dedent(line)


def test_the_modules_that_a_function_names() -> None:
    """Those it uses, those its own functions use, and those they import themselves."""
    assert set(modules(parse)) == {"re", "json", "textwrap"}


TEXT = "socket " * 10_000
NUMBERS = (1, 2, 3)


def measures() -> int:
    return len(TEXT) + len(NUMBERS) + len(json.dumps(TEXT))


def test_only_modules_are_modules() -> None:
    """A text that the code names, however long, is none."""
    assert modules(measures) == ("json",)


class Parser:
    def __call__(self, line: str) -> object:
        return json.loads(line)


def test_methods_and_instances_name_modules_too() -> None:
    """What is called is looked into, whatever kind of callable it is; a builtin has no code."""
    assert modules(Parser()) == ("json",)
    assert modules(Parser().__call__) == ("json",)
    assert modules(len) == ()


def test_a_fact_agrees_with_what_was_measured() -> None:
    """That `re` holds the GIL is a reason for processes, if the function was seen to hold it."""
    known = lexicon_reasons.known((), ["re"])
    (reason,) = lexicon_reasons.reasons(known, "multiprocessing", HOLDS)
    assert "GIL" in reason.text
    assert reason.source.startswith("https://")
    assert lexicon_reasons.reasons(known, "multiprocessing", RELEASES) == ()
    assert lexicon_reasons.reasons(known, "threading", HOLDS) == ()


@pytest.mark.parametrize(
    ("strategy", "start_method", "codes"),
    [
        ("multiprocessing", "fork", ["not-fork-safe"]),
        ("multiprocessing", "spawn", []),
        ("threading", "fork", ["not-thread-safe"]),
        ("sequential", "fork", []),
    ],
)
def test_what_is_not_safe_is_warned_of(strategy: Strategy, start_method: StartMethod, codes: list[str]) -> None:
    """A connection is not to be carried into forked processes; where none are forked, it is not.

    Of a measured function the objects in use tell, and a connection of the call's own is no reason to warn.
    """
    known = lexicon_reasons.known([found.entry for found in lookup.find_entries("sqlite3")], ())
    chosen = Estimate(strategy=strategy, workers=2, seconds=Range(low=1, expected=1, high=1), bottleneck="cores")
    machine = Machine(cores=4, start_method=start_method)
    for profile, expected in ((HOLDS.model_copy(update={"archetype": "database"}), codes), (HOLDS, [])):
        facts = Facts(profile, Job(), machine, (chosen,), chosen)
        found = [warning.code for warning in fired(facts, lexicon_reasons.pitfall_rules(known))]
        assert [code for code in found if code.endswith("-safe")] == expected


def test_nothing_named_is_nothing_known() -> None:
    """Unknown modules are passed over."""
    assert lexicon_reasons.known((), ("no_such_module",)) == ()


@pytest.mark.parametrize("trait", sorted({trait for entry in lookup.entries() for trait in entry.traits}))
def test_every_trait_is_warned_of_or_an_intent(trait: str) -> None:
    """No trait of the lexicon goes unused."""
    warned = {name for name, _, _ in lexicon_reasons.PITFALL_TRAITS}
    assert trait in warned | {"async", "shares-state", "responsive"}
