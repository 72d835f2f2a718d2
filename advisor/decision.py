"""Weighs estimates, rules and evidence → Advice.

The order of evidence: what was verified by running it, then what was measured and modelled, then what a description
says. Stronger evidence overrules weaker, and a reason says so when the two disagree ("dissent").
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cache
from operator import mul

from advisor import costs, describe, figures, libraries, rules, snippets, turning
from advisor.describe import Reading
from advisor.records import (
    Advice,
    Alternative,
    Estimate,
    Evidence,
    Job,
    Machine,
    Profile,
    Range,
    Reason,
    Strategy,
    Verification,
)

SIMPLEST_FIRST: tuple[Strategy, ...] = ("sequential", "threading", "asyncio", "multiprocessing", "interpreters")
NOISE = 1.05  # predicted times this close are equal, and the simpler way is taken
# The same for threads without a GIL: what they lose to shared objects differs from function to function by more.
NO_GIL_NOISE = 1.3
COROUTINE_NOISE = 1.10  # a coroutine function belongs in an event loop unless something is clearly faster
SHARED_STATE_GAIN = 1.5  # processes must be this much faster to be worth copying the state
CROWD = 4  # processes per core; beyond it each costs more memory and start-up than its place in the queue is worth
CROWD_GAIN = 1.2  # unless so many are this much faster than what shares memory
RESPONSIVE_LOSS = 1.5  # a pool may cost this much when the work must leave the main thread
UNNOTICED = 0.1  # seconds; shorter than this a person does not see an interface stand still

MODEL_ERROR = 0.06  # standard deviation of the logarithm of a predicted speed-up that no profile can remove
DESCRIBED_ERROR = 0.45  # the same for a described task, whose calls are known by their kind only
NO_MORE = 1.1  # times the workers: what a speed-up may seem to be at most, as the loop's time is uncertain too
VERIFIED_SPREAD = 1.15  # a part of the job that was really run tells the whole to this factor, either way
# Workers at the most for a task that nobody has measured: what is behind its waiting may not bear more.
MOST_UNSEEN = 32  # or two for each core
CEILING = {"described": 0.8, "measured": 0.95, "verified": 0.99}  # no evidence is beyond doubt
NINETY = 1.6449  # half-width of a 90 % interval in standard deviations
LONGEST = 1e24  # seconds; what a Range can hold
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
    estimates: tuple[Estimate, ...] | None = None,
) -> Advice:
    """The advice for a job of such calls on this machine, with its reasons, pitfalls, alternatives and code.

    `evidence` is the best there is. Runs on another machine correct the estimates too, but are no more than "measured";
    so is "verified" where the strategy that is advised was not among those run.
    """
    if reading is not None and reading.recommendation == "undecided" and evidence == "described":
        return undecided(reading, job, machine)
    modelled = estimates
    if modelled is None and verification:  # what was really run may put any of them first
        modelled = estimated(profile, job, machine, evidence)
    elif modelled is None:
        modelled = costs.shortlist(profile, job, machine, most=_most(machine, evidence))
    estimates = corrected(modelled, verification, exact=evidence == "verified")
    described = reading if evidence == "described" and not verification else None
    leaders = _leaders(estimates)
    chosen = _choose(leaders, profile, job, machine, described)
    if evidence == "verified" and not _ran(chosen, verification):
        evidence = "measured"
    facts = rules.Facts(profile, job, machine, estimates, chosen, evidence == "verified")
    first = rules.fired(facts)[0]
    known = libraries.known(reading.named if reading else (), profile.modules)
    error = _error(evidence)
    speedup = _speedup(chosen, leaders["sequential"], error)
    return Advice(
        recommendation=chosen.strategy,
        workers=chosen.workers,
        confidence=_confidence(facts, leaders, evidence, described),
        evidence=evidence,
        speedup=speedup,
        seconds=chosen.seconds,
        summary=_summary(chosen, speedup, first.clause(facts), described),
        reasons=(
            *_reasons(facts, _dissent(facts, modelled, reading), verification, described),
            *libraries.reasons(known, chosen.strategy, profile),
        ),
        warnings=(
            *rules.pitfalls(profile, job, machine, estimates, chosen, verified=evidence == "verified"),
            *libraries.pitfalls(known, chosen.strategy, machine),
        ),
        alternatives=_alternatives(chosen, leaders, estimates, error),
        profile=profile,
        machine=machine,
        job=job,
        snippet=snippets.snippet(
            chosen.strategy,
            chosen.workers,
            chosen.chunk,
            target=profile.target,
            inputs=inputs,
            coroutine=profile.coroutine,
            machine=machine,
        ),
        chunk=chosen.chunk,
        verification=tuple(verification),
    )


def estimated(profile: Profile, job: Job, machine: Machine, evidence: Evidence) -> tuple[Estimate, ...]:
    """Every strategy at every worker count that this evidence bears."""
    return costs.estimate(profile, job, machine, most=_most(machine, evidence))


def _most(machine: Machine, evidence: Evidence) -> int | None:
    return max(MOST_UNSEEN, 2 * machine.cores) if evidence == "described" else None


def undecided(reading: Reading, job: Job, machine: Machine) -> Advice:
    """The advice when a description says too little: what to tell, or to measure, instead of a guess."""
    question = reading.questions[0] if reading.questions else describe.WHERE_IT_WORKS
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
                source=rules.NOTEBOOK,
            ),
        ),
        warnings=(),
        alternatives=(),
        profile=None,
        machine=machine,
        job=job,
        snippet="",
        questions=reading.questions or (describe.WHERE_IT_WORKS,),
    )


def corrected(
    estimates: tuple[Estimate, ...], verification: Sequence[Verification], *, exact: bool = True
) -> tuple[Estimate, ...]:
    """The estimates, scaled by measured / predicted where a part of the job was really run.

    A strategy that was not run takes the correction of the plain loop: a call that took longer than it did when it was
    profiled takes longer everywhere. What failed when run is infeasible, with as many workers or more. `exact`: it was
    run on the machine that the estimates are for, so that the interval of what was run narrows.
    """
    return tuple(_corrected(estimate, verification, exact) for estimate in estimates) if verification else estimates


def _corrected(estimate: Estimate, verification: Sequence[Verification], exact: bool) -> Estimate:
    failure = _failure(estimate, verification)
    if failure is not None:
        return estimate.model_copy(update={"feasible": False, "why": f"failed when it was run: {failure}"})
    run = _nearest(estimate, verification)
    if run is None:
        return estimate
    seconds = _scaled(estimate.seconds, run.measured / run.predicted)
    if exact and run.strategy == estimate.strategy and run.workers == estimate.workers:
        seconds = _narrowed(seconds)
    return estimate.model_copy(update={"seconds": seconds})


def speedups(advice: Advice, estimates: Sequence[Estimate]) -> tuple[Range, ...]:
    """Of each of these estimates, which are of the job advised on, against its plain loop."""
    loop = _leaders(tuple(estimates))["sequential"]
    return tuple(_speedup(estimate, loop, _error(advice.evidence)) for estimate in estimates)


def _error(evidence: Evidence) -> float:
    return DESCRIBED_ERROR if evidence == "described" else MODEL_ERROR


def _ran(chosen: Estimate, verification: Sequence[Verification]) -> bool:
    return any(run.strategy == chosen.strategy and run.failure is None for run in verification)


def _failure(estimate: Estimate, verification: Sequence[Verification]) -> str | None:
    runs = [run for run in verification if run.strategy == estimate.strategy]
    succeeded = max((run.workers for run in runs if run.failure is None), default=0)
    if estimate.workers <= succeeded:
        return None
    failed = [run for run in runs if run.failure is not None and (run.workers <= estimate.workers or not succeeded)]
    return failed[0].failure if failed else None


def _nearest(estimate: Estimate, verification: Sequence[Verification]) -> Verification | None:
    """The run that says most about an estimate: of its strategy, at the nearest worker count, else the plain loop's."""
    ran = [run for run in verification if run.failure is None and run.predicted > 0 and run.measured > 0]
    same = [run for run in ran if run.strategy == estimate.strategy]
    alone = [run for run in ran if run.strategy == "sequential"]
    return min(same, key=lambda run: abs(math.log(run.workers / estimate.workers)), default=None) or next(
        iter(alone), None
    )


def _scaled(seconds: Range, factor: float) -> Range:
    return Range(
        low=min(LONGEST, seconds.low * factor),
        expected=min(LONGEST, seconds.expected * factor),
        high=min(LONGEST, seconds.high * factor),
    )


def _narrowed(seconds: Range) -> Range:
    """The interval of what was really run, unless the model's was narrower still."""
    return Range(
        low=max(seconds.low, seconds.expected / VERIFIED_SPREAD),
        expected=seconds.expected,
        high=min(seconds.high, seconds.expected * VERIFIED_SPREAD),
    )


def _leaders(estimates: tuple[Estimate, ...]) -> dict[Strategy, Estimate]:
    """Each feasible strategy at its best worker count; there is always a plain loop."""
    leaders = {strategy: best for strategy, best in costs.leaders(estimates).items() if best.feasible}
    if "sequential" not in leaders:
        raise ValueError("the estimates hold no plain loop to compare with")
    return leaders


def _choose(
    leaders: dict[Strategy, Estimate], profile: Profile, job: Job, machine: Machine, described: Reading | None
) -> Estimate:
    """The verdict: a description's, if it gains anything; else the model's, bent by what the caller wants."""
    loop = leaders["sequential"]
    named = _named(leaders, described) if described is not None else None
    if named is not None and (_gains(named, loop) or (named is loop and not job.responsive)):
        return named
    candidates = [one for one in leaders.values() if one is loop or _gains(one, loop)]
    own_gil = [one for one in candidates if one.strategy in rules.OWN_GIL]
    candidates = _worth_it([one for one in own_gil if one.workers > CROWD * machine.cores], candidates, CROWD_GAIN)
    if _shares_state(profile, job):
        candidates = _worth_it(own_gil, candidates, SHARED_STATE_GAIN)
    winner = _fastest(candidates, profile, machine)
    if winner is loop and job.responsive and loop.seconds.expected > UNNOTICED:
        return _off_the_main_thread(leaders, profile, machine) or loop
    return winner


def _shares_state(profile: Profile, job: Job) -> bool:
    """As the caller says; else as it was seen: calls that write globals share them."""
    if job.shares_state is not None:
        return job.shares_state
    return profile.side_effects is not None and bool(profile.side_effects.globals_written)


def _named(leaders: dict[Strategy, Estimate], reading: Reading) -> Estimate | None:
    """The estimate of the strategy that a description asks for."""
    return next((best for strategy, best in leaders.items() if strategy == reading.recommendation), None)


def _gains(estimate: Estimate, loop: Estimate) -> bool:
    """At least a tenth faster than the plain loop."""
    return loop.seconds.expected >= costs.MIN_GAIN * estimate.seconds.expected


def _fastest(candidates: Sequence[Estimate], profile: Profile, machine: Machine) -> Estimate:
    """The fastest; of those within the noise, the simplest, and for a coroutine function its event loop."""
    best = min(one.seconds.expected for one in candidates)
    loops = [one for one in candidates if one.strategy == "asyncio"]
    if profile.coroutine and loops and loops[0].seconds.expected <= best * COROUTINE_NOISE:
        return loops[0]
    noise = {"threading": NO_GIL_NOISE if machine.python.free_threaded else NOISE}
    within = [one for one in candidates if one.seconds.expected <= best * noise.get(one.strategy, NOISE)]
    return min(within, key=lambda one: SIMPLEST_FIRST.index(one.strategy))


def _worth_it(dear: Sequence[Estimate], candidates: Sequence[Estimate], gain: float) -> list[Estimate]:
    """The candidates without the dear ones, unless these are faster by `gain` than all the others."""
    others = [one for one in candidates if one not in dear]
    best = min(one.seconds.expected for one in others)
    return [one for one in candidates if one in others or one.seconds.expected * gain <= best]


def _off_the_main_thread(leaders: dict[Strategy, Estimate], profile: Profile, machine: Machine) -> Estimate | None:
    """The best pool, though it gains nothing, if it does not lose too much."""
    limit = leaders["sequential"].seconds.expected * RESPONSIVE_LOSS
    pools = [one for one in leaders.values() if one.strategy != "sequential" and one.seconds.expected <= limit]
    return _fastest(pools, profile, machine) if pools else None


def _sigma(seconds: Range) -> float:
    """Standard deviation of the logarithm, from the 90 % interval of a log-normal."""
    if seconds.low <= 0 or seconds.high <= seconds.low:
        return 0.0
    return math.log(seconds.high / seconds.low) / (2 * NINETY)


def _log_gain(estimate: Estimate, loop: Estimate, error: float = MODEL_ERROR) -> tuple[float, float]:
    """Mean and standard deviation of ln(speed-up against the plain loop).

    The loop's error is mostly that of the length of a call, which every strategy shares: it cancels in the part of the
    job that is made of calls (all but the start-up), and what is left is the strategy's own error.
    """
    mean = math.log(max(loop.seconds.expected, 1e-12) / max(estimate.seconds.expected, 1e-12))
    if estimate.strategy == "sequential":
        return mean, 0.0
    common = _sigma(loop.seconds)
    calls = 1.0 - min(1.0, estimate.start_up / max(estimate.seconds.expected, 1e-12))
    own = max(0.0, _sigma(estimate.seconds) ** 2 - (calls * common) ** 2)
    return mean, math.sqrt(own + ((1.0 - calls) * common) ** 2 + error**2)


def _speedup(estimate: Estimate, loop: Estimate, error: float) -> Range:
    """The speed-up with its 90 % interval; workers cannot gain more than their number."""
    mean, sigma = _log_gain(estimate, loop, error)
    if estimate.strategy == "sequential":
        return Range(low=1.0, expected=1.0, high=1.0)
    expected = math.exp(mean)
    high = min(expected * math.exp(NINETY * sigma), NO_MORE * max(expected, estimate.workers))
    return Range(low=expected * math.exp(-NINETY * sigma), expected=expected, high=high)


def _confidence(
    facts: rules.Facts, leaders: dict[Strategy, Estimate], evidence: Evidence, described: Reading | None
) -> float:
    """How probable it is that nothing else is a tenth faster, for as far as the evidence can be trusted.

    What was passed over knowingly, since the caller or the description wants something else than speed, is no rival.
    Without a run, time that nobody split into computing and waiting is as good as a coin's toss.
    """
    chosen = facts.chosen
    trust = CEILING[evidence] if described is None else min(CEILING[evidence], described.confidence)
    if not facts.verified:
        trust *= 1.0 - 0.5 * facts.unknown_share
    others = [one for one in leaders.values() if one.strategy != chosen.strategy]
    rivals = [one for one in others if one.seconds.expected * costs.MIN_GAIN >= chosen.seconds.expected * (1 - 1e-9)]
    return round(trust * _near_best(chosen, rivals, leaders["sequential"]), 2)


def _near_best(chosen: Estimate, rivals: Sequence[Estimate], loop: Estimate) -> float:
    """P(ln speed-up of the chosen > that of every rival − ln MIN_GAIN), by summing over what the chosen may reach."""
    if not rivals:
        return 1.0
    mean, sigma = _log_gain(chosen, loop)
    deviations, weights = _normal()
    reached = [mean + sigma * deviation + math.log(costs.MIN_GAIN) for deviation in deviations]
    likely = weights
    for rival in rivals:
        likely = list(map(mul, likely, _below(reached, *_log_gain(rival, loop))))
    return sum(likely) / sum(weights)


@cache
def _normal(steps: int = 200) -> tuple[list[float], list[float]]:
    """Standard deviations from -4 to 4, and how much each weighs."""
    deviations = [8.0 * step / steps - 4.0 for step in range(steps + 1)]
    return deviations, [math.exp(-deviation * deviation / 2) for deviation in deviations]


def _below(limits: Iterable[float], mean: float, sigma: float) -> list[float]:
    """P(a normal figure is below each of these limits)."""
    if sigma == 0.0:
        return [float(mean <= limit) for limit in limits]
    unit = sigma * math.sqrt(2)
    return [math.erfc((mean - limit) / unit) / 2 for limit in limits]


def _summary(chosen: Estimate, speedup: Range, because: str, described: Reading | None) -> str:
    """One sentence a person can act on: what, with how many workers, how much faster, why."""
    if chosen.strategy == "sequential":
        return f"Keep the plain loop, because {because}."
    batches = f", {figures.count(chosen.chunk)} calls per task" if chosen.chunk > 1 else ""
    typical = " for a typical task of this kind" if described is not None else ""
    return (
        f"Use {figures.crew(chosen.strategy, chosen.workers)}{batches}: {_gain(speedup)}{typical}, because {because}."
    )


def _gain(speedup: Range) -> str:
    """The speed-up in words; a loss or a tie is called that."""
    interval = f"({_number(speedup.low)}–{figures.times(speedup.high)})"
    if speedup.expected >= costs.MIN_GAIN:
        return f"about {figures.times(speedup.expected)} faster {interval}"
    if speedup.expected > 1 / costs.MIN_GAIN:
        return f"about as fast as a plain loop {interval}"
    return f"slower than a plain loop, {figures.times(speedup.expected)} {interval}"


def _number(ratio: float) -> str:
    return figures.times(ratio).removesuffix("×")


def _reasons(
    facts: rules.Facts, dissent: Sequence[Reason], verification: Sequence[Verification], described: Reading | None
) -> tuple[Reason, ...]:
    """What was really run first, then the strongest rule, then where evidence disagrees, then the other rules."""
    said = rules.reasons(facts.profile, facts.job, facts.machine, facts.estimates, facts.chosen)
    words = _words(facts, described) if described is not None else ()
    return (*_verified(facts.chosen, verification), said[0], *dissent, *words, *said[1:])


def _words(facts: rules.Facts, described: Reading) -> tuple[Reason, ...]:
    """What a description was judged by, and what would change the verdict."""
    quoted = ", ".join(f"“{word}”" for word in described.words)
    weighed = Reason(rule="words", text=f"What weighed most in the description: {quoted}.", source=DESCRIPTIONS)
    turn = turning.point(facts.strategy, facts.profile, facts.machine)
    return (*((weighed,) if quoted else ()), *((turn,) if turn else ()))


def _verified(chosen: Estimate, verification: Sequence[Verification]) -> tuple[Reason, ...]:
    """The run of the chosen strategy, predicted against measured."""
    runs = [run for run in verification if run.strategy == chosen.strategy and run.failure is None]
    if not runs:
        return ()
    run = min(runs, key=lambda run: abs(run.workers - chosen.workers))
    text = (
        f"{figures.count(run.calls)} calls really run with {figures.crew(run.strategy, run.workers)} took "
        f"{figures.duration(run.measured)}, predicted {figures.duration(run.predicted)}."
    )
    return (Reason(rule="verified", text=text, source="--verify"),)


def _dissent(facts: rules.Facts, modelled: tuple[Estimate, ...], reading: Reading | None) -> tuple[Reason, ...]:
    """Where weaker evidence said something else than the verdict."""
    said = (_overturned_model(facts, modelled), _overruled_matrix(facts, reading), _shared_state_copied(facts))
    return tuple(Reason(rule="dissent", text=text, source=source) for text, source in filter(None, said))


def _overturned_model(facts: rules.Facts, modelled: tuple[Estimate, ...]) -> tuple[str, str] | None:
    """A run of the real thing took the first place from what the model had put there."""
    if modelled == facts.estimates:
        return None
    before = _choose(_leaders(modelled), facts.profile, facts.job, facts.machine, None)
    if before.strategy == facts.strategy:
        return None
    after = next(one for one in facts.estimates if one.strategy == before.strategy and one.workers == before.workers)
    found = (
        f"would take {figures.duration(after.seconds.expected)} by what was measured when run"
        if after.feasible
        else after.why
    )
    text = (
        f"The model put {figures.crew(before.strategy, before.workers)} first with "
        f"{figures.duration(before.seconds.expected)}; that {found}, and what was run overrules it."
    )
    return text, "--verify"


def _overruled_matrix(facts: rules.Facts, reading: Reading | None) -> tuple[str, str] | None:
    """The matrix says otherwise for a task of this kind, by its description or by its name."""
    said = _matrix_says(facts, reading)
    if said is None or said[0] == facts.strategy:
        return None
    verdict, task, source = said
    subject = "this job" if facts.assumed else "your function"
    clause = rules.fired(facts)[0].clause(facts).replace("the function", subject, 1)
    crew = figures.crew(facts.strategy, facts.workers)
    action = "keep the plain loop" if facts.strategy == "sequential" else f"use {crew}"
    return f"The matrix says {verdict} for “{task}”; here {clause}, so {action}.", source


def _matrix_says(facts: rules.Facts, reading: Reading | None) -> tuple[str, str, str] | None:
    """Verdict, task and source of the matrix row that the description or the target's name speaks of."""
    if reading is not None and reading.row is not None:
        return reading.recommendation, reading.row.task, reading.row.source
    row = describe.read_name(facts.profile.target) if facts.profile.target else None
    return (row.recommendation, row.task, row.source) if row else None


def _shared_state_copied(facts: rules.Facts) -> tuple[str, str] | None:
    """Processes were chosen although the calls share state."""
    threads = facts.best("threading")
    if not _shares_state(facts.profile, facts.job) or facts.strategy not in rules.OWN_GIL or threads is None:
        return None
    ratio = threads.seconds.expected / max(facts.chosen.seconds.expected, 1e-12)
    text = (
        f"Shared state speaks for threads, but {figures.crew(facts.strategy, facts.workers)} are "
        f"{figures.times(ratio)} as fast as the best threads: enough to send results back and merge them."
    )
    return text, rules.NOTEBOOK


def _alternatives(
    chosen: Estimate, leaders: dict[Strategy, Estimate], estimates: tuple[Estimate, ...], error: float
) -> tuple[Alternative, ...]:
    """Every strategy considered: the recommended, the others best first, and last those that cannot be done."""
    loop = leaders["sequential"]
    others = sorted((one for one in leaders.values() if one is not chosen), key=lambda one: one.seconds.expected)
    barred = {one.strategy: one for one in reversed(estimates) if not one.feasible and one.strategy not in leaders}
    feasible = [_alternative(one, loop, error) for one in (chosen, *others)]
    return (*feasible, *(_impossible(one) for one in barred.values()))


def _alternative(estimate: Estimate, loop: Estimate, error: float) -> Alternative:
    return Alternative(
        strategy=estimate.strategy,
        workers=estimate.workers,
        feasible=True,
        seconds=estimate.seconds,
        speedup=_speedup(estimate, loop, error),
        why=estimate.why or _LIMITS[estimate.bottleneck],
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
