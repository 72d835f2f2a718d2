"""Reasons and pitfalls: what fires for which facts, and what it says."""

from typing import Any

import pytest

from advisor.decide import reason_rules
from advisor.decide.cluster_pitfalls import CLUSTER_PITFALLS
from advisor.decide.pitfall_rule import fired
from advisor.decide.pitfalls import PITFALLS
from advisor.decide.reason_rules import FALLBACK, RULES, Rule
from advisor.decide.rule_inputs import Facts
from advisor.models import (
    Estimate,
    FailedInputs,
    HeldResource,
    Job,
    Machine,
    Picklable,
    Profile,
    Python,
    RaceFinding,
    RaceReport,
    RaceStep,
    Range,
    SideEffects,
    Strategy,
)
from advisor.models.strategies import EVERY

MACHINE = Machine(cores=4, memory=8_000_000_000)
JOB = Job(calls=100)


def profile_of(**parts: Any) -> Profile:
    """A call of one second that computes holding the GIL, but for what is given."""
    return Profile(
        **{"calls": 50, "wall": 1.0, "gil_held": 1.0, "gil_free": 0.0, "child_cpu": 0.0, "wait": 0.0} | parts
    )


def estimate_of(strategy: Strategy, seconds: float, workers: int = 4, **more: Any) -> Estimate:
    """An estimate with a narrow interval."""
    spread = Range(low=seconds * 0.95, expected=seconds, high=seconds * 1.05)
    workers = 1 if strategy == "sequential" else workers
    return Estimate(**{"strategy": strategy, "workers": workers, "seconds": spread, "bottleneck": "cores"} | more)


LOOP = estimate_of("sequential", 100.0)
THREADS = estimate_of("threading", 90.0)
PROCESSES = estimate_of("multiprocessing", 26.0)
ESTIMATES = (LOOP, THREADS, PROCESSES)


def facts_of(profile: Profile, chosen: Estimate, job: Job = JOB, machine: Machine = MACHINE, **more: Any) -> Facts:
    return Facts(**{"estimates": ESTIMATES} | more, profile=profile, job=job, machine=machine, chosen=chosen)


def rules_of(profile: Profile, chosen: Estimate, **more: Any) -> list[str]:
    return [reason.rule for reason in reason_rules.reasons(facts_of(profile, chosen, **more))]


def codes_of(profile: Profile, chosen: Estimate, **more: Any) -> list[str]:
    return [pitfall.code for pitfall in fired(facts_of(profile, chosen, **more), PITFALLS)]


WAITING = profile_of(gil_held=0.02, wait=0.98)
NATIVE = profile_of(gil_held=0.08, gil_free=0.92)
CHILD = profile_of(gil_held=0.01, child_cpu=0.95, wait=0.04)
TINY = profile_of(wall=2e-6, gil_held=2e-6)
UNPICKLABLE = profile_of(picklable=Picklable(function=False, reasons={"function": "it is a lambda"}))
LOCK = HeldResource(name="shop.lock", kind="lock", seconds=0.9)
FAILED = FailedInputs(
    count=3, of=300, index=37, where="line 38 of in.txt", exception="Bad: #", picklable=False, reason="Bad: no"
)
NO_GIL = Machine(cores=4, python=Python(version="3.13", free_threaded=True))


@pytest.mark.parametrize(
    ("profile", "chosen", "rule"),
    [
        (profile_of(), PROCESSES, "holds-gil"),
        (WAITING, THREADS, "waits"),
        (NATIVE, THREADS, "releases-gil"),
        (CHILD, THREADS, "child-program"),
        (TINY, LOOP, "too-small"),
        (profile_of(gil_held=0.1, gil_free=0.9, native_threads=3.8), LOOP, "already-parallel"),
        (profile_of(gil_held=0.6, wait=0.4), THREADS, "mixed"),
        (profile_of(gil_held=0.6, wait=0.4), PROCESSES, "waits-in-processes"),
        (profile_of(gil_held=0.4, wait=0.6), PROCESSES, "waits-in-processes"),
        (NATIVE, PROCESSES, "cpu-free-of-gil"),
        (UNPICKLABLE, LOOP, "unpicklable"),
        (profile_of(pickle_seconds=0.9), LOOP, "pickling-dear"),
        (profile_of(coroutine=True, gil_held=0.4, wait=0.2), estimate_of("asyncio", 50.0), "coroutine"),
        (profile_of(gil_held=None, wait=None), PROCESSES, "prediction"),
        (WAITING.model_copy(update={"held": (LOCK,)}), LOOP, "in-turn"),
        (WAITING.model_copy(update={"held": (LOCK,)}), PROCESSES, "one-for-each-process"),
    ],
)
def test_the_strongest_reason(profile: Profile, chosen: Estimate, rule: str) -> None:
    """The first reason is the one that decides for such a call."""
    assert rules_of(profile, chosen)[0] == rule


def test_reasons_of_the_job_and_the_host() -> None:
    """One core, one call, shared state, responsiveness, a free-threaded Python and a dear start speak up."""
    assert rules_of(profile_of(), LOOP, machine=Machine(cores=1))[0] == "one-core"
    assert rules_of(profile_of(), LOOP, job=Job(calls=1))[0] == "single-call"
    assert "shared-state" in rules_of(WAITING, THREADS, job=Job(shares_state=True))
    assert "responsive" in rules_of(WAITING, THREADS, job=Job(responsive=True))
    assert "responsive-apart" in rules_of(profile_of(), PROCESSES, job=Job(responsive=True))
    assert rules_of(profile_of(), THREADS, machine=NO_GIL) == ["free-threaded"]
    slow_start = estimate_of("multiprocessing", 95.0, start_up=60.0)
    assert rules_of(profile_of(), LOOP, estimates=(LOOP, THREADS, slow_start))[0] == "start-up"


def test_memory_that_decided_is_a_reason() -> None:
    """What would have been faster is named with the memory it needs; what could not be sent anyway is not."""
    loop, six = LOOP, estimate_of("multiprocessing", 26.0, workers=6, memory=6e9)
    eight = estimate_of("multiprocessing", 20.0, workers=8, memory=8e9, feasible=False)
    facts = Facts(profile_of(), JOB, MACHINE, (loop, eight), loop)
    assert reason_rules.strongest(facts).clause(facts) == (
        "8 processes would need 8 GB of memory, more than 80 % of the 8 GB available"
    )
    assert "memory" in rules_of(profile_of(), six, estimates=(loop, six, eight))
    assert "memory" not in rules_of(profile_of(), PROCESSES)
    assert "memory" not in rules_of(UNPICKLABLE, loop, estimates=(loop, eight))
    slow = eight.model_copy(update={"seconds": LOOP.seconds})
    assert "memory" not in rules_of(profile_of(), loop, estimates=(loop, slow))


def test_where_no_gil_was_none_is_spoken_of() -> None:
    """What a free-threaded Python computed is neither held nor released; for one with a GIL it decides nothing."""
    measured = profile_of(gil_held=0.0, gil_free=1.0, python=NO_GIL.python)
    assert rules_of(measured, THREADS, machine=NO_GIL) == ["free-threaded"]
    assert rules_of(measured, PROCESSES, machine=NO_GIL) == ["free-threaded-apart"]
    assert "releases-gil" not in rules_of(measured, THREADS)
    assert "measured-without-gil" in codes_of(measured, THREADS)
    assert "measured-without-gil" not in codes_of(measured, THREADS, machine=NO_GIL)
    half = measured.model_copy(update={"gil_held": 0.5, "gil_free": 0.0, "wait": 0.5, "gil_blocked": 0.4})
    for chosen in (THREADS, PROCESSES):
        told = reason_rules.reasons(Facts(half, JOB, NO_GIL, ESTIMATES, chosen))
        assert not [reason for reason in told if "holds the GIL" in reason.text]
    assert "gil-blocked" not in codes_of(half, THREADS, machine=NO_GIL)
    assert "gil-blocked" in codes_of(half, THREADS)


def test_a_reason_quotes_the_measured_figures() -> None:
    """The text is the row's words, filled with this call's figures."""
    reason = reason_rules.reasons(facts_of(profile_of(gil_held=0.97, wait=0.03), PROCESSES))[0]
    assert reason.model_dump() == {
        "rule": "holds-gil",
        "text": "The function holds the GIL for 97 % of its time, so threads would take turns (1× at most) while "
        "processes have a GIL each.",
        "source": "notebook “Understanding Multithreading”, When to Use What? (CPU bound)",
    }


def test_of_assumed_figures_no_reason_makes_a_limit() -> None:
    """How long an assumed call holds the GIL is a guess, and so is what threads gain at most."""
    assumed = profile_of(gil_held=0.8, gil_free=0.2, archetype="image")
    reason = reason_rules.reasons(facts_of(assumed, PROCESSES))[0]
    assert "threads would take turns (about 1.2×) while" in reason.text


def test_a_reason_never_speaks_for_another_strategy() -> None:
    """What fires for a strategy is listed as favouring it."""
    favours = {rule.name: rule.favours for rule in (*RULES, FALLBACK)}
    for profile in (profile_of(), WAITING, NATIVE, CHILD, TINY, UNPICKLABLE):
        for chosen in ESTIMATES:
            assert all(chosen.strategy in favours[name] for name in rules_of(profile, chosen))


def test_rules_can_be_replaced() -> None:
    """A user's own rows take the place of the built-in ones."""
    own = Rule("mine", "always", lambda facts: True, EVERY, "I say so, on {cores}", "do it", "me")
    reasons = reason_rules.reasons(facts_of(profile_of(), PROCESSES), (own,))
    assert [reason.text for reason in reasons] == ["I say so, on 4 cores, so do it."]


WRITING = profile_of(
    target="app:add", reached="name", side_effects=SideEffects(globals_written=("total",), changed=("self.log",))
)
SPAWN = MACHINE.model_copy(update={"start_method": "spawn"})


@pytest.mark.parametrize(
    ("code", "profile", "chosen", "machine"),
    [
        ("unpicklable-function", UNPICKLABLE, THREADS, MACHINE),
        ("called-by-name", UNPICKLABLE.model_copy(update={"reached": "name"}), PROCESSES, MACHINE),
        ("unpicklable-arguments", profile_of(picklable=Picklable(arguments=False)), THREADS, MACHINE),
        ("native-result", profile_of(gil_held=0.1, gil_free=0.9, result_pieces=3e6), THREADS, MACHINE),
        ("unpicklable-result", profile_of(picklable=Picklable(results=False)), LOOP, MACHINE),
        ("pickling-dear", profile_of(pickle_seconds=0.5, result_bytes=1e9), PROCESSES, MACHINE),
        ("large-self", profile_of(function_bytes=9e6), PROCESSES, MACHINE),
        ("nested-parallelism", profile_of(gil_held=0.1, gil_free=0.9, native_threads=3.5), THREADS, MACHINE),
        ("child-threads", profile_of(gil_held=0.01, wait=0.5, child_cpu=2.0), THREADS, MACHINE),
        ("too-small", TINY, LOOP, MACHINE),
        ("too-small", TINY, PROCESSES, MACHINE),
        ("memory", profile_of(peak_memory=3_000_000_000), PROCESSES, MACHINE),
        ("measured-without-gil", profile_of(python=NO_GIL.python), PROCESSES, MACHINE),
        ("main-guard", profile_of(), PROCESSES, SPAWN),
        ("fork-with-threads", profile_of(side_effects=SideEffects(threads_left=("pump",))), PROCESSES, MACHINE),
        ("unshared-globals", profile_of(side_effects=SideEffects(globals_written=("app.total",))), PROCESSES, MACHINE),
        ("unshared-changes", profile_of(side_effects=SideEffects(changed=("self.total",))), PROCESSES, MACHINE),
        ("measuring-wrote", profile_of(side_effects=SideEffects(wrote=("results.csv",))), LOOP, MACHINE),
        ("not-thread-safe", profile_of(side_effects=SideEffects(globals_written=("app.total",))), THREADS, MACHINE),
        ("race-unchecked", WRITING, THREADS, MACHINE),
        ("coroutine-in-a-pool", profile_of(coroutine=True), PROCESSES, MACHINE),
        ("blocks-the-loop", profile_of(coroutine=True), estimate_of("asyncio", 50.0), MACHINE),
        ("blocking-call", profile_of(coroutine=True, loop_blocked=0.2), THREADS, MACHINE),
        ("gil-blocked", profile_of(gil_held=0.1, wait=0.9, gil_blocked=0.5), THREADS, MACHINE),
        ("shared-random", profile_of(side_effects=SideEffects(random_shared=True)), PROCESSES, MACHINE),
        ("slow-first-call", profile_of(first_call=20.0), PROCESSES, MACHINE),
        ("cheap-repeats", profile_of(repeated_call=1e-6), LOOP, MACHINE),
        ("slow-import", profile_of(import_seconds=5.0), PROCESSES, SPAWN),
        ("uncertain", profile_of(calls=1), PROCESSES, MACHINE),
        ("only-first-call", profile_of(calls=1, first_call=profile_of().wall), PROCESSES, MACHINE),
        ("unknown-split", Profile(calls=50, wall=1.0), PROCESSES, MACHINE),
        ("hidden-limit", WAITING, THREADS, MACHINE),
        ("in-turn", WAITING.model_copy(update={"held": (LOCK,)}), THREADS, MACHINE),
        ("threads-left", profile_of(side_effects=SideEffects(threads_left=("pump",))), THREADS, MACHINE),
        ("children-left", profile_of(side_effects=SideEffects(children_left=2)), THREADS, MACHINE),
        ("output", profile_of(side_effects=SideEffects(output_bytes=80)), THREADS, MACHINE),
        ("memory-bandwidth", profile_of(peak_memory=300_000_000, idle_memory=50_000_000), PROCESSES, MACHINE),
        ("failing-inputs", profile_of(failed_inputs=FAILED), THREADS, MACHINE),
        ("unpicklable-exception", profile_of(failed_inputs=FAILED), PROCESSES, MACHINE),
        ("busy-host", profile_of(run_queue=0.4), LOOP, MACHINE),
        ("assumed-figures", profile_of(archetype="image"), PROCESSES, MACHINE),
    ],
)
def test_a_pitfall_fires_from_its_facts(code: str, profile: Profile, chosen: Estimate, machine: Machine) -> None:
    """Each pitfall fires once for the facts it is about, and for the clean call beside it does not."""
    assert codes_of(profile, chosen, machine=machine).count(code) == 1
    if code not in {"main-guard", "blocks-the-loop"}:
        assert code not in codes_of(profile_of(), chosen, machine=machine)


def test_pitfalls_of_the_jobs_intents() -> None:
    """Shared state, in processes and in threads, and GIL-bound threads beside a user interface are warned of."""
    assert codes_of(profile_of(), THREADS, job=Job(shares_state=True)) == ["unguarded-state"]
    assert codes_of(profile_of(), PROCESSES, job=Job(shares_state=True)) == ["unshared-state"]
    assert codes_of(profile_of(), THREADS, job=Job(responsive=True)) == ["gil-convoy"]


def test_pitfalls_of_a_notebook() -> None:
    """Workers cannot import its functions; nothing imports a main module."""
    cell = profile_of(reached="notebook")
    assert codes_of(cell, PROCESSES, machine=SPAWN, in_notebook=True) == ["notebook-functions"]
    assert codes_of(cell, THREADS, machine=SPAWN, in_notebook=True) == []


def test_the_command_that_searches_for_races_is_named() -> None:
    """The pitfall names what is written, and the command with the inputs as they were given."""
    texts = {
        each.code: each.text for each in fired(facts_of(WRITING, THREADS, inputs="all rows.txt", star=True), PITFALLS)
    }
    assert texts["race-unchecked"] == (
        "The calls write total, self.log, which threads would share: `advise races app:add --inputs 'all rows.txt' "
        "--star` searches for an interleaving with a wrong result."
    )
    cell = WRITING.model_copy(update={"target": "__main__:add", "reached": "notebook"})
    texts = {each.code: each.text for each in fired(facts_of(cell, THREADS, in_notebook=True), PITFALLS)}
    assert "`advisor.races(add, inputs)`" in texts["race-unchecked"]


def test_a_race_that_a_search_found_is_told_with_its_lines() -> None:
    """The lines come in the order of time; a search without a finding is not spoken of."""
    steps = [
        RaceStep(thread=thread, file="/src/app.py", line=line, function="add", source=source)
        for thread, line, source in ((1, 7, "t = total"), (2, 7, "t = total"), (2, 8, "total = t + n"), (1, 8, "…"))
    ]
    finding = RaceFinding(
        kind="lost update", with_gil=True, steps=tuple(steps), observed="total = 1", possible=("total = 3",), seed=7
    )
    report = RaceReport(target="app:add", verdict="race", finding=finding)
    texts = {each.code: each.text for each in fired(facts_of(WRITING, THREADS, race=report), PITFALLS)}
    assert texts["race-found"] == (
        "Concurrent calls can give a wrong result: call 1 runs app.py:7 `t = total`; call 2 runs app.py:7 `t = total`, "
        "app.py:8 `total = t + n`; call 1 runs app.py:8 `…`. What came out: total = 1, instead of total = 3. "
        "`advise races app:add` shows it line by line, and looks for a lock that fixes it."
    )
    assert "race-unchecked" not in texts
    searched = codes_of(WRITING, THREADS, race=RaceReport(target="app:add", verdict="none"))
    assert not {"race-found", "race-unchecked"} & set(searched)


def test_results_that_could_not_be_compared_are_warned_of() -> None:
    """Nothing runs concurrently in a plain loop."""
    assert codes_of(profile_of(), PROCESSES, uncompared=True) == ["results-not-compared"]
    assert codes_of(profile_of(), LOOP, uncompared=True) == []


def test_inputs_that_fail_are_counted_and_named() -> None:
    """How many of how many, which is the first, and what it raised."""
    texts = {
        pitfall.code: pitfall.text for pitfall in fired(facts_of(profile_of(failed_inputs=FAILED), PROCESSES), PITFALLS)
    }
    expected = "3 of 300 inputs (the first of them line 38 of in.txt) failed while measuring, with Bad: #. "
    assert texts["failing-inputs"].startswith(expected)
    assert texts["unpicklable-exception"].startswith("Bad: no. Raised in a worker, it breaks the whole process pool")


def test_every_pitfall_is_tested_above() -> None:
    """No pitfall goes without a test of its own; those of clusters have theirs in test_cluster_advice.py."""
    marks = test_a_pitfall_fires_from_its_facts.pytestmark  # type: ignore[attr-defined]
    tested = {case[0] for case in marks[0].args[1]} | {
        "unshared-state",
        "unguarded-state",
        "gil-convoy",
        "notebook-functions",
        "results-not-compared",
        "race-found",
    }
    assert {pitfall.code for pitfall in PITFALLS if pitfall not in CLUSTER_PITFALLS} == tested


@pytest.mark.parametrize(
    ("profile", "chosen", "verified", "codes"),
    [
        pytest.param(profile_of(), PROCESSES, False, [], id="a plain function that computes"),
        pytest.param(WAITING, THREADS, False, ["hidden-limit"], id="limits that show only when calls overlap"),
        pytest.param(WAITING, THREADS, True, [], id="known once verified"),
        pytest.param(
            WAITING.model_copy(update={"picklable": Picklable(function=False)}),
            THREADS,
            True,
            [],
            id="threads need no pickling",
        ),
        pytest.param(
            profile_of(function_bytes=9e6, pickle_seconds=0.5),
            PROCESSES,
            False,
            ["large-self"],
            id="a large self is not also blamed on the arguments",
        ),
    ],
)
def test_only_what_matters_is_warned_of(profile: Profile, chosen: Estimate, verified: bool, codes: list[str]) -> None:
    """A pitfall that cannot happen, or that is named already, is left out."""
    assert codes_of(profile, chosen, verified=verified) == codes


def test_a_pitfall_names_what_was_measured() -> None:
    """The text has the reason found and what to do about it; braces in a user's text stay as they are."""
    profile = profile_of(picklable=Picklable(function=False, reasons={"function": "can't pickle <lambda {wall}>"}))
    warning = fired(facts_of(profile, THREADS), PITFALLS)[0]
    assert warning.text == (
        "The function cannot be sent to a process (can't pickle <lambda {wall}>): define it, or a function that calls "
        "it, at the top level of an importable module, not as a lambda or inside another function. Then 4 processes "
        "would take about 25 s instead of 90 s."
    )


def test_every_template_can_be_filled() -> None:
    """No template names a figure that does not exist, even where nothing was measured."""
    bare = Facts(Profile(calls=1, wall=0.1), Job(), Machine(), (LOOP,), LOOP)
    for rule in (*RULES, FALLBACK):
        assert "{" not in rule.text(bare)
    for pitfall in PITFALLS:
        assert "{" not in pitfall.text.format_map(bare.words)


def test_codes_are_unique_for_a_strategy() -> None:
    """Two rows of one code never concern the same strategy, and rules have names of their own."""
    pairs = [(pitfall.code, strategy) for pitfall in PITFALLS for strategy in pitfall.concerns]
    assert len(pairs) == len(set(pairs))
    names = [rule.name for rule in RULES]
    assert len(names) == len(set(names))


def test_shares_are_of_the_calls_own_time() -> None:
    """On a busy host a call that only computes still holds the GIL for all of its own time."""
    profile = profile_of(wall=0.1, gil_held=0.04, gil_free=0.0, child_cpu=0.0, wait=0.0, run_queue=0.06)
    reason = reason_rules.reasons(facts_of(profile, PROCESSES))[0]
    assert "holds the GIL for 100 % of its time" in reason.text
