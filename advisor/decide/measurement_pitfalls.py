"""Pitfalls of the measurement itself: its side effects, and how far to trust its figures."""

from __future__ import annotations

from advisor.decide import citations, pitfall_conditions
from advisor.decide.pitfall_rule import PitfallRule
from advisor.decide.rule_inputs import MUCH
from advisor.models.strategies import CONCURRENT, EVERY, LOCAL

MEASUREMENT_PITFALLS: tuple[PitfallRule, ...] = (
    PitfallRule(
        "busy-host",
        "the host was busy while measuring",
        lambda facts: (facts.profile.run_queue or 0.0) >= 0.2 * facts.profile.wall,
        EVERY,
        "Each call waited {run_queue} for a core while it was measured, because the host was busy. Measure again when "
        "the host is idle.",
        "https://docs.kernel.org/scheduler/sched-stats.html",
    ),
    PitfallRule(
        "measured-without-gil",
        "the call was measured without a GIL, and the interpreter planned for has one",
        lambda facts: facts.unseparated,
        EVERY,
        "This was measured on a free-threaded Python, but the plan is for one with a GIL. To plan for the "
        "free-threaded build, set it as the machine's Python; otherwise, measure again with the Python that will run "
        "the job.",
        citations.FREE_THREADING,
    ),
    PitfallRule(
        "unknown-split",
        "how the call's time splits into computing and waiting is not known",
        lambda facts: facts.unknown_share >= MUCH and not facts.verified,
        EVERY,
        "{unknown_share} of a call's time was not measured and is assumed to be computing: measure it with advise "
        "my_module:function, or run a part of the job with --verify.",
        citations.NOTEBOOK,
    ),
    PitfallRule(
        "uncertain",
        "few calls were measured or the interval is wide",
        pitfall_conditions.uncertain,
        LOCAL,
        "Based on {calls_measured}, the job may take {low} to {high}: give a larger --budget and more inputs, or run "
        "a part of it with --verify.",
        "90 % interval of the cost model",
    ),
    PitfallRule(
        "assumed-figures",
        "nothing was measured",
        lambda facts: facts.assumed,
        EVERY,
        "Nothing was measured; the figures are assumed ({archetype}): measure yours with advise my_module:function.",
        citations.NOTEBOOK,
    ),
    PitfallRule(
        "results-not-compared",
        "the results could not be compared with those of the plain loop",
        lambda facts: facts.uncompared,
        CONCURRENT,
        "Two runs of the plain loop returned equal results, but the results with {workers} could not be compared with "
        "them and may be different. Compare some yourself, or verify with inputs that have smaller results.",
        "--verify",
    ),
    PitfallRule(
        "measuring-wrote",
        "the calls made for measuring wrote files or sent data",
        lambda facts: bool(facts.effects.wrote or facts.effects.connected),
        EVERY,
        "Measuring called the function {times_called}; {traces}. If that matters, undo it, and measure on copies or "
        "against a test server.",
        citations.NOTEBOOK,
    ),
)
