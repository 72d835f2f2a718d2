"""Weighs estimates, rules and evidence → Advice.

The order of evidence: what was verified by running it, then what was measured and modelled, then what a description
says. Stronger evidence overrules weaker, and a reason says so when the two disagree (`dissent`). `correction` holds the
estimates against what was run, `choice` takes one of them, `certainty` says how far to trust it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from advisor.decide import codegen, counterfactuals, explain, library_notes
from advisor.decide.calibrate import corrected
from advisor.decide.choose import choose, feasible_leaders
from advisor.decide.confidence import confidence, error_of, holds, speedup_of
from advisor.decide.conflicts import dissent
from advisor.models import (
    Advice,
    Alternative,
    Estimate,
    Evidence,
    Job,
    Machine,
    Profile,
    Range,
    Reading,
    Reason,
    Strategy,
    Verification,
)
from advisor.predict import estimator
from advisor.report import formatting

__all__ = ["corrected", "decide", "estimated", "speedups", "undecided"]

# Workers at the most for a task that nobody has measured: what is behind its waiting may not bear more.
MOST_UNSEEN = 32  # or two for each core
DESCRIPTIONS = "classifier of descriptions (docs/descriptions.md)"


def decide(
    profile: Profile,
    job: Job,
    machine: Machine,
    *,
    evidence: Evidence = "measured",
    reading: Reading | None = None,
    verification: Sequence[Verification] = (),
    inputs: str | None = None,
    inputs_count: int | None = None,
    estimates: tuple[Estimate, ...] | None = None,
) -> Advice:
    """The advice for a job of such calls on this machine, with its reasons, pitfalls, alternatives and code.

    `evidence` is the best there is. Runs on another machine correct the estimates too, but are no more than "measured";
    so is "verified" where the strategy that is advised was not among those run. `inputs` are for the code, which takes
    them anew where `inputs_count` of them are not the job's calls.
    """
    if reading is not None and reading.recommendation == "undecided" and evidence == "described":
        return undecided(reading, job, machine)
    modelled = estimates
    if modelled is None and verification:  # what was really run may put any of them first
        modelled = estimated(profile, job, machine, evidence)
    elif modelled is None:
        modelled = estimator.shortlist(profile, job, machine, max_workers=_most(machine, evidence))
    estimates = corrected(modelled, verification, exact=evidence == "verified")
    described = reading if evidence == "described" and not verification else None
    leaders = feasible_leaders(estimates)
    chosen = choose(leaders, profile, job, machine, described)
    if evidence == "verified" and not _ran(chosen, verification):
        evidence = "measured"
    facts = explain.Facts(profile, job, machine, estimates, chosen, evidence == "verified")
    first = explain.fired(facts)[0]
    known = library_notes.known(reading.named if reading else (), profile.modules)
    error = error_of(evidence)
    speedup = speedup_of(chosen, leaders["sequential"], error)
    return Advice(
        recommendation=chosen.strategy,
        workers=chosen.workers,
        confidence=confidence(facts, leaders, evidence, described),
        evidence=evidence,
        speedup=speedup,
        seconds=chosen.seconds,
        summary=_summary(chosen, speedup, first.clause(facts), described),
        reasons=(
            *_reasons(facts, dissent(facts, modelled, reading), verification, described),
            *library_notes.reasons(known, chosen.strategy, profile),
        ),
        warnings=(
            *explain.pitfalls(facts),
            *library_notes.pitfalls(known, chosen.strategy, machine),
        ),
        alternatives=_alternatives(chosen, leaders, estimates, error),
        profile=profile,
        machine=machine,
        job=job,
        snippet=codegen.snippet(
            chosen.strategy,
            chosen.workers,
            chosen.chunk,
            target=profile.target,
            inputs=inputs,
            calls=job.calls if inputs is None or inputs_count not in (None, job.calls) else None,
            coroutine=profile.coroutine,
            reached=profile.reached,
            computes=facts.computes,
            machine=machine,
        ),
        chunk=chosen.chunk,
        verification=tuple(verification),
    )


def estimated(profile: Profile, job: Job, machine: Machine, evidence: Evidence) -> tuple[Estimate, ...]:
    """Every strategy at every worker count that this evidence bears."""
    return estimator.estimate(profile, job, machine, max_workers=_most(machine, evidence))


def _most(machine: Machine, evidence: Evidence) -> int | None:
    return max(MOST_UNSEEN, 2 * machine.cores) if evidence == "described" else None


def undecided(reading: Reading, job: Job, machine: Machine) -> Advice:
    """The advice when a description says too little: what to tell, or to measure, instead of a guess."""
    question = reading.questions[0]
    return Advice(
        recommendation="undecided",
        workers=1,
        confidence=0.0,
        evidence="described",
        speedup=None,
        seconds=None,
        summary=f"Not enough to go on: {question}",
        reasons=(
            Reason(
                rule="undecided",
                text="The description does not say where the time goes, and that decides. Measuring it does: "
                "advise my_module:function.",
                source=explain.NOTEBOOK,
            ),
        ),
        warnings=(),
        alternatives=(),
        profile=None,
        machine=machine,
        job=job,
        snippet="",
        questions=reading.questions,
    )


def speedups(advice: Advice, estimates: Sequence[Estimate]) -> tuple[Range, ...]:
    """Of each of these estimates, which are of the job advised on, against its plain loop."""
    loop = feasible_leaders(tuple(estimates))["sequential"]
    return tuple(speedup_of(estimate, loop, error_of(advice.evidence)) for estimate in estimates)


def _ran(chosen: Estimate, verification: Sequence[Verification]) -> bool:
    return any(run.strategy == chosen.strategy and run.failure is None for run in verification)


def _summary(chosen: Estimate, speedup: Range, because: str, described: Reading | None) -> str:
    """One sentence a person can act on: what, with how many workers, how much faster, why."""
    if chosen.strategy == "sequential":
        return f"Keep the plain loop, because {because}."
    batches = f", {formatting.count(chosen.chunk)} calls per task" if chosen.chunk > 1 else ""
    typical = " for a typical task of this kind" if described is not None else ""
    crew = formatting.workers(chosen.strategy, chosen.workers)
    return f"Use {crew}{batches}: {_gain(speedup)}{typical}, because {because}."


def _gain(speedup: Range) -> str:
    """The speed-up in words; a loss or a tie is called that."""
    interval = f"({_number(speedup.low)}–{formatting.times(speedup.high)})"
    if speedup.expected >= estimator.MIN_GAIN:
        return f"about {formatting.times(speedup.expected)} faster {interval}"
    if speedup.expected > 1 / estimator.MIN_GAIN:
        return f"about as fast as a plain loop {interval}"
    return f"slower than a plain loop, {formatting.times(speedup.expected)} {interval}"


def _number(ratio: float) -> str:
    return formatting.times(ratio).removesuffix("×")


def _reasons(
    facts: explain.Facts, dissent: Sequence[Reason], verification: Sequence[Verification], described: Reading | None
) -> tuple[Reason, ...]:
    """What was really run first, then the strongest rule, then where evidence disagrees, then the other rules."""
    said = explain.reasons(facts)
    words = _words(facts, described) if described is not None else ()
    return (*_verified(facts.chosen, verification), said[0], *dissent, *words, *said[1:])


def _words(facts: explain.Facts, described: Reading) -> tuple[Reason, ...]:
    """What a description was judged by, and what would change the verdict."""
    quoted = ", ".join(f"“{word}”" for word in described.words)
    weighed = Reason(rule="words", text=f"What weighed most in the description: {quoted}.", source=DESCRIPTIONS)
    turn = counterfactuals.point(facts.strategy, facts.profile, facts.machine)
    return (*((weighed,) if quoted else ()), *((turn,) if turn else ()))


def _verified(chosen: Estimate, verification: Sequence[Verification]) -> tuple[Reason, ...]:
    """The run of the chosen strategy, predicted against measured."""
    runs = [run for run in verification if run.strategy == chosen.strategy and run.failure is None]
    if not runs:
        return ()
    run = min(runs, key=lambda run: abs(run.workers - chosen.workers))
    text = (
        f"{formatting.count(run.calls)} calls really run with {formatting.workers(run.strategy, run.workers)} took "
        f"{formatting.duration(run.measured)}, predicted {formatting.duration(run.predicted)}."
    )
    return (Reason(rule="verified", text=text, source="--verify"),)


def _alternatives(
    chosen: Estimate, leaders: Mapping[Strategy, Estimate], estimates: tuple[Estimate, ...], error: float
) -> tuple[Alternative, ...]:
    """Every strategy considered: the recommended, the others best first, and last those that cannot be done."""
    loop = leaders["sequential"]
    others = sorted((one for one in leaders.values() if one is not chosen), key=lambda one: one.seconds.expected)
    barred = {one.strategy: one for one in reversed(estimates) if not one.feasible and one.strategy not in leaders}
    feasible = [_alternative(one, loop, error) for one in (chosen, *others)]
    return (*feasible, *(_impossible(one) for one in barred.values()))


def _alternative(estimate: Estimate, loop: Estimate, error: float) -> Alternative:
    speedup = speedup_of(estimate, loop, error)
    return Alternative(
        strategy=estimate.strategy,
        workers=estimate.workers,
        feasible=True,
        seconds=estimate.seconds,
        speedup=speedup,
        why=(holds(estimate, speedup.expected) and estimate.why) or _LIMITS[estimate.bottleneck],
        chunk=estimate.chunk,
    )


def _impossible(estimate: Estimate) -> Alternative:
    return Alternative(
        strategy=estimate.strategy,
        workers=estimate.workers,
        feasible=False,
        seconds=None,
        speedup=None,
        why=estimate.why or "cannot be done",
        chunk=estimate.chunk,
    )


_LIMITS = {
    "gil": "limited by the GIL",
    "cores": "limited by the cores",
    "parent": "limited by what the parent does for each call",
    "wait": "limited by the waiting",
    "start-up": "limited by starting the workers",
}
