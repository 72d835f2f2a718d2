"""Put the choice into words: the summary, the reasons with their sources, and the alternatives."""

from __future__ import annotations

from advisor.decide import cluster_rules, lexicon_reasons, obstacle_reasons, reason_rules, touches
from advisor.decide.citations import NOTEBOOK
from advisor.decide.confidence import is_within_limit, speedup_of
from advisor.decide.conflicts import conflicts
from advisor.decide.pitfall_rule import fired
from advisor.decide.pitfalls import PITFALLS
from advisor.decide.strategy_choice import Choice
from advisor.decide.turning_points import turning_point
from advisor.models import Advice, Alternative, Estimate, Job, Machine, Obstacle, Pitfall, Range, Reading, Reason
from advisor.predict import estimator
from advisor.predict.bottlenecks import limited_by
from advisor.report import formatting

FIGURES = "the description"
CLASSIFIER = "classifier of descriptions (docs/descriptions.md)"


def summary(choice: Choice) -> str:
    """Return what a person can act on: the remedy of a reported obstacle, and what to use."""
    return obstacle_reasons.remedy_first(_obstacles(choice), _strategy(choice))


def _obstacles(choice: Choice) -> tuple[Obstacle, ...]:
    return choice.described.obstacles if choice.described is not None else ()


def _strategy(choice: Choice) -> str:
    """Return one sentence: what to use, the speed-up, and the strongest reason."""
    best, facts = choice.best, choice.facts
    because = reason_rules.strongest(facts).clause(facts)
    if best.strategy == "sequential":
        return f"Keep the plain loop, because {because}."
    started = f" started with {best.start_method}" if best.start_method else ""
    chunk = f", {formatting.count(best.chunk)} calls per task" if best.chunk > 1 else ""
    typical = " for a typical task of this kind" if choice.described is not None else ""
    gain = _gain(speedup_of(best, choice.loop, choice.evidence))
    return f"Use {formatting.workers(best.strategy, best.workers)}{started}{chunk}: {gain}{typical}, because {because}."


def _gain(speedup: Range) -> str:
    """Return the speed-up in words; a loss or a tie is called that."""
    low = formatting.times(speedup.low).removesuffix("×")
    interval = f"({low}–{formatting.times(speedup.high)})"
    if speedup.expected >= estimator.MIN_GAIN:
        return f"about {formatting.times(speedup.expected)} faster {interval}"
    if speedup.expected > 1 / estimator.MIN_GAIN:
        return f"about as fast as a plain loop {interval}"
    return f"slower than a plain loop, {formatting.times(speedup.expected)} {interval}"


def reasons(choice: Choice, modelled: tuple[Estimate, ...]) -> tuple[Reason, ...]:
    """Return the reasons for the choice, the strongest first.

    Args:
        choice: The choice to explain.
        modelled: The estimates before the trials calibrated them.
    """
    strongest, *others = reason_rules.reasons(choice.facts)
    return (
        *obstacle_reasons.reasons(_obstacles(choice)),
        *_trial(choice),
        strongest,
        *cluster_rules.reasons(choice.facts),
        *conflicts(choice, modelled),
        *(_description(choice, choice.described) if choice.described is not None else ()),
        *others,
        *lexicon_reasons.reasons(choice.libraries, choice.best.strategy, choice.request.profile),
    )


def _trial(choice: Choice) -> tuple[Reason, ...]:
    """Return the trial of the recommended strategy, predicted against measured."""
    best = choice.best
    trials = [
        trial
        for trial in choice.request.trials
        if trial.strategy == best.strategy and trial.failure is None and not trial.cut_off
    ]
    if not trials:
        return ()
    trial = min(trials, key=lambda trial: abs(trial.workers - best.workers))
    text = (
        f"A trial of {formatting.count(trial.calls)} calls with {formatting.workers(trial.strategy, trial.workers)} "
        f"took {formatting.duration(trial.measured)}; predicted were {formatting.duration(trial.predicted)}."
    )
    if trial.results == "equal" and best.strategy != "sequential":
        text += " The results were the same as those of the plain loop."
    return (Reason(rule="verified", text=text, source="--verify"),)


def _description(choice: Choice, described: Reading) -> tuple[Reason, ...]:
    """Return the words that a description was judged by, and what would change the verdict."""
    quoted = ", ".join(f"“{word}”" for word in described.words)
    words = Reason(rule="words", text=f"What weighed most in the description: {quoted}.", source=CLASSIFIER)
    turn = turning_point(choice.best.strategy, choice.request.profile, choice.request.machine)
    return (*_figures(described.figures), *((words,) if quoted else ()), *((turn,) if turn else ()))


def _figures(understood: str) -> tuple[Reason, ...]:
    """Return how the figures of a description were understood, if it has any."""
    text = f"Figures read from the description: {understood}."
    return (Reason(rule="figures", text=text, source=FIGURES),) if understood else ()


def warnings(choice: Choice) -> tuple[Pitfall, ...]:
    """Return the pitfalls of the recommendation: those of shared objects, of the task, and of its libraries."""
    general = fired(choice.facts, (*PITFALLS, *lexicon_reasons.pitfall_rules(choice.libraries)))
    return (*touches.pitfalls(choice.facts), *general)


def alternatives(choice: Choice) -> tuple[Alternative, ...]:
    """Return every strategy considered: the recommended, the others best first, and last the infeasible ones."""
    others = sorted((estimate for estimate in choice.leaders.values() if estimate is not choice.best), key=_expected)
    infeasible = {
        estimate.strategy: estimate
        for estimate in reversed(choice.estimates)
        if not estimate.feasible and estimate.strategy not in choice.leaders
    }
    return tuple(_alternative(choice, estimate) for estimate in (choice.best, *others, *infeasible.values()))


def _expected(estimate: Estimate) -> float:
    return estimate.seconds.expected


def _alternative(choice: Choice, estimate: Estimate) -> Alternative:
    speedup = speedup_of(estimate, choice.loop, choice.evidence) if estimate.feasible else None
    why = estimate.why
    if speedup is not None and not is_within_limit(estimate, speedup.expected):
        why = f"limited by {limited_by(estimate.strategy, choice.request.machine, estimate.bottleneck)}"
    if estimate.start_method and estimate.feasible:
        why = f"started with {estimate.start_method}; {why}"
    return Alternative(
        strategy=estimate.strategy,
        workers=estimate.workers,
        feasible=estimate.feasible,
        seconds=estimate.seconds if estimate.feasible else None,
        speedup=speedup,
        why=why,
        chunk=estimate.chunk,
        start_method=estimate.start_method,
    )


def undecided(reading: Reading, job: Job, machine: Machine) -> Advice:
    """Return the advice where too little is known: remedies of reported obstacles, and questions instead of a guess."""
    return Advice(
        recommendation="undecided",
        workers=1,
        confidence=0.0,
        evidence="described",
        speedup=None,
        seconds=None,
        summary=obstacle_reasons.remedy_first(reading.obstacles, f"More information is needed: {reading.questions[0]}"),
        reasons=(
            *obstacle_reasons.reasons(reading.obstacles),
            Reason(
                rule="undecided",
                text="The description does not say where the time goes, and that decides. Measuring it does: "
                "advise my_module:function.",
                source=NOTEBOOK,
            ),
            *_figures(reading.figures),
        ),
        warnings=(),
        alternatives=(),
        profile=None,
        machine=machine,
        job=job,
        snippet="",
        questions=reading.questions,
    )
