"""Advice where a cluster may do the job: the choice, its reasons, its pitfalls, its code, and the layout."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from advisor.api import advise_description, advise_on, curves
from advisor.decide.cluster_pitfalls import CLUSTER_PITFALLS
from advisor.decide.cluster_rules import CHOICE_RULES, CLUSTER_RULES, reasons
from advisor.decide.pitfall_rule import fired
from advisor.decide.pitfalls import PITFALLS
from advisor.decide.rule_inputs import Facts
from advisor.models import (
    Advice,
    Cluster,
    Estimate,
    FailedInputs,
    Job,
    Machine,
    Picklable,
    Profile,
    Range,
    SideEffects,
    Strategy,
    Touch,
)
from advisor.models.request import AdviceRequest
from advisor.report import html, terminal
from advisor.report.layout import Screen
from tests.cluster_records import CLUSTER, COMPUTING, HOST, NATIVE, WAITING

JOB = Job(calls=10_000)


def changed(record: Any, **fields: Any) -> Any:
    return record.model_copy(update=fields)


def beside(**fields: Any) -> Machine:
    """The host with a cluster that differs in these fields."""
    return changed(HOST, cluster=changed(CLUSTER, **fields))


def advised(profile: Profile = COMPUTING, job: Job = JOB, machine: Machine = HOST, **more: Any) -> Advice:
    return advise_on(AdviceRequest(profile, job, machine, **more))


def estimate(strategy: Strategy, seconds: float, workers: int = 16) -> Estimate:
    span = Range(low=seconds * 0.95, expected=seconds, high=seconds * 1.05)
    return Estimate(
        strategy=strategy, workers=1 if strategy == "sequential" else workers, seconds=span, bottleneck="cores"
    )


LOOP, PROCESSES, ON_CLUSTER = (
    estimate("sequential", 1000.0),
    estimate("multiprocessing", 100.0, 2),
    estimate("cluster", 63.0),
)


def facts_of(profile: Profile, machine: Machine = HOST, chosen: Estimate = ON_CLUSTER, job: Job = JOB) -> Facts:
    return Facts(profile, job, machine, (LOOP, PROCESSES, ON_CLUSTER), chosen)


def texts_of(profile: Profile, machine: Machine = HOST) -> dict[str, str]:
    return {pitfall.code: pitfall.text for pitfall in fired(facts_of(profile, machine), PITFALLS)}


def test_a_cluster_that_is_much_faster_is_advised() -> None:
    """It is advised with its threads, says why and from how many calls on it pays, and the others follow."""
    advice = advised()
    assert (advice.recommendation, advice.workers) == ("cluster", 16)
    assert "16 threads of a cluster" in advice.summary
    assert "because the cluster has 16 cores and this host 2" in advice.summary
    assert [reason.rule for reason in advice.reasons][:2] == ["more-cores", "cluster-pays"]
    assert advice.reasons[1].text.startswith("The cluster pays from ")
    assert advice.alternatives[0].strategy == "cluster"
    assert {option.strategy for option in advice.alternatives} == {
        "cluster",
        "multiprocessing",
        "threading",
        "sequential",
    }
    assert Advice.model_validate_json(advice.model_dump_json()) == advice


def test_without_a_cluster_nothing_is_said_of_one() -> None:
    """A host without a cluster has neither the strategy nor its reasons and pitfalls."""
    advice = advised(machine=changed(HOST, cluster=None))
    assert "cluster" not in {option.strategy for option in advice.alternatives}
    assert not [reason for reason in advice.reasons if "cluster" in reason.text]
    assert not [warning for warning in advice.warnings if "cluster" in warning.code]


@pytest.mark.parametrize(("seconds", "strategy"), [(95.0, "multiprocessing"), (80.0, "cluster")])
def test_a_cluster_must_be_clearly_faster_than_this_host(seconds: float, strategy: Strategy) -> None:
    """A few percent are not worth the trouble of another computer."""
    estimates = (LOOP, PROCESSES, estimate("cluster", seconds))
    assert advise_on(AdviceRequest(COMPUTING, JOB, HOST), estimates).recommendation == strategy


def test_a_small_job_stays_here_and_is_told_what_would_pay() -> None:
    """The reason names the number of calls from which the cluster is faster."""
    advice = advised(job=Job(calls=2))
    assert advice.recommendation != "cluster"
    later = next(reason for reason in advice.reasons if reason.rule == "cluster-pays-later")
    assert later.text.startswith("The cluster pays from ")
    assert later.text.endswith("calls on, so a job of 2 stays on this host.")


def test_a_described_task_may_go_to_a_cluster() -> None:
    """A description asks for a strategy of one host, and a cluster that is much faster comes before it."""
    described = advise_description("parse 100,000 large XML files, 2 s each", calls=None, machine=HOST, cores=None)
    assert described.recommendation == "cluster"
    assert described.evidence == "described"


def test_the_curves_have_the_cluster() -> None:
    """The charts show the cluster like any other strategy, also where it has one point only."""
    advice = advised(machine=beside(workers=1, cores=1, hosts=1))
    assert "cluster" in {row.strategy for row in curves(advice)}
    page = html.as_page(advice, ())
    assert '<th scope="row" role="rowheader">cluster' in page
    assert "Dask, 1 worker with 1 thread on 1 host, 1 core" in page


RULES = [
    ("more-cores", COMPUTING, HOST, ON_CLUSTER),
    ("waits-on-the-cluster", WAITING, HOST, ON_CLUSTER),
    ("cluster-pays", COMPUTING, HOST, ON_CLUSTER),
    ("cluster-pays-later", changed(COMPUTING, wall=1e-3, gil_held=9e-4, wait=1e-4), HOST, LOOP),
    ("cluster-hardly-pays", COMPUTING, HOST, PROCESSES),
    ("cluster-never-pays", changed(COMPUTING, argument_bytes=1e6), beside(byte_seconds=1e-3), LOOP),
    ("cluster-data", changed(COMPUTING, argument_bytes=1e8), HOST, PROCESSES),
    ("cluster-scheduler", changed(COMPUTING, wall=1e-3, gil_held=9e-4, wait=1e-4), HOST, ON_CLUSTER),
    ("cluster-round-trip", COMPUTING, beside(round_trip=50.0), PROCESSES),
    ("cluster-gil", COMPUTING, beside(threads_each=4), PROCESSES),
]


@pytest.mark.parametrize(("rule", "profile", "machine", "chosen"), RULES, ids=[row[0] for row in RULES])
def test_a_rule_fires_from_its_facts(rule: str, profile: Profile, machine: Machine, chosen: Estimate) -> None:
    """Each rule fires where its facts hold, and its text is complete."""
    job = Job(calls=2) if rule == "cluster-pays-later" else JOB
    facts = facts_of(profile, machine, chosen, job)
    row = next(row for row in (*CHOICE_RULES, *CLUSTER_RULES) if row.name == rule)
    assert row.fires(facts)
    assert "unknown" not in row.text(facts)


def test_every_rule_is_tested_and_can_be_filled() -> None:
    """No rule goes without a test, and none names a figure that may be missing, or speaks where there is no cluster."""
    assert {row.name for row in (*CHOICE_RULES, *CLUSTER_RULES)} == {row[0] for row in RULES}
    bare = Facts(Profile(calls=1, wall=0.1), Job(), Machine(), (LOOP,), LOOP)
    assert not any("{" in row.text(bare) for row in CLUSTER_RULES)
    assert reasons(bare) == ()


def effects(**fields: Any) -> Profile:
    return changed(COMPUTING, side_effects=SideEffects(**fields))


OTHER_PYTHON = beside(python="3.13.1")
PITFALL_CASES: list[tuple[str, Profile, Machine]] = [
    ("cluster-versions", COMPUTING, OTHER_PYTHON),
    ("cluster-module", COMPUTING, beside(import_seconds=0.0)),
    ("cluster-files", changed(COMPUTING, modules=("pathlib", "re")), HOST),
    ("cluster-environment", effects(connected=("db.example:5432",)), HOST),
    ("dask-pure", effects(random_shared=True), HOST),
    ("cluster-memory", changed(COMPUTING, peak_memory=2_400_000_000), HOST),
    ("killed-worker", changed(COMPUTING, peak_memory=2_400_000_000), HOST),
    ("cluster-native-threads", NATIVE, HOST),
    ("ray-native-threads", NATIVE, beside(engine="ray")),
    ("cluster-gil", COMPUTING, beside(threads_each=4)),
    ("cluster-data", changed(COMPUTING, argument_bytes=1e8), HOST),
    ("ray-object-store", changed(COMPUTING, result_bytes=1e6), beside(engine="ray")),
    ("hidden-limit", WAITING, HOST),
    ("uncertain", changed(COMPUTING, calls=3), HOST),
    ("output", effects(output_bytes=100), HOST),
]


@pytest.mark.parametrize(("code", "profile", "machine"), PITFALL_CASES, ids=[case[0] for case in PITFALL_CASES])
def test_a_pitfall_fires_from_its_facts_only(code: str, profile: Profile, machine: Machine) -> None:
    """Each pitfall fires where its facts hold, not for a plain function that computes, and its text is complete."""
    assert "unknown" not in texts_of(profile, machine)[code]
    assert code not in texts_of(COMPUTING)


def test_every_pitfall_is_tested() -> None:
    """No pitfall of clusters goes without a test of its own."""
    tested = {case[0] for case in PITFALL_CASES} | {"unshared-state"}
    assert {pitfall.code for pitfall in CLUSTER_PITFALLS} == tested


def test_calls_that_share_state_are_told_to_merge() -> None:
    """A cluster has no multiprocessing.Manager to keep it in."""
    facts = facts_of(COMPUTING, job=Job(calls=100, shares_state=True))
    text = next(pitfall.text for pitfall in fired(facts, PITFALLS) if pitfall.code == "unshared-state")
    assert text == "The calls share state and the workers do not: return each call's part and merge them here."


@pytest.mark.parametrize(
    ("code", "profile", "machine"),
    [
        pytest.param("cluster-files", changed(COMPUTING, modules=("pathlib",)), beside(on_this_host=True), id="here"),
        pytest.param("cluster-versions", COMPUTING, beside(python="3.11.14"), id="another patch level"),
        pytest.param("dask-pure", effects(random_shared=True), beside(engine="ray"), id="Ray calls again"),
        pytest.param("ray-object-store", changed(COMPUTING, result_bytes=1e6), HOST, id="Dask has none"),
        pytest.param("cluster-gil", WAITING, beside(threads_each=4), id="threads that wait"),
        pytest.param("not-thread-safe", effects(globals_written=("TOTAL",)), HOST, id="one thread in each worker"),
        pytest.param("nested-parallelism", NATIVE, HOST, id="cores of this host are not used"),
        pytest.param("pickling-dear", changed(COMPUTING, argument_bytes=1e8), HOST, id="no pipe"),
    ],
)
def test_a_pitfall_that_does_not_apply_is_left_out(code: str, profile: Profile, machine: Machine) -> None:
    """Pitfalls are of this task on this cluster; those of pools of this host do not concern it."""
    assert code not in texts_of(profile, machine)


def test_globals_are_shared_by_the_threads_of_a_worker() -> None:
    """Several threads in a worker make the calls unsafe that threads of this host would."""
    assert "TOTAL" in texts_of(effects(globals_written=("TOTAL",)), beside(threads_each=4))["not-thread-safe"]


def test_files_of_this_host_rule_the_cluster_out() -> None:
    """The alternatives say why, and the advice stays on this host."""
    touch = Touch(name="SINK", kind="file", resource="text file", where="jobs.py:3")
    advice = advised(changed(COMPUTING, touches=(touch,)))
    option = next(option for option in advice.alternatives if option.strategy == "cluster")
    assert not option.feasible
    assert "SINK is a file of this host" in option.why
    assert advice.recommendation != "cluster"


def test_the_code_maps_over_the_cluster() -> None:
    """The script has a guard, the inputs, and the address of the cluster."""
    code = advised(inputs="numbers.txt", inputs_count=10_000).snippet
    ast.parse(code)
    assert code.startswith("# 16 threads of a cluster\nimport advisor\n\nfrom jobs import work\n")
    assert code.endswith(
        'if __name__ == "__main__":\n'
        "    with open('numbers.txt', encoding=\"utf-8-sig\") as lines:\n"
        '        inputs = [line.rstrip("\\r\\n") for line in lines if line.strip()]\n'
        "    results = list(advisor.map(work, inputs, cluster='tcp://10.0.0.5:8786'))\n"
        '    print(f"{len(results)} results")\n'
    )


@pytest.mark.parametrize(
    ("engine", "address", "example"),
    [
        ("dask", "tcp://me:secret@10.0.0.5:8786", "tcp://scheduler:8786"),
        ("dask", "", "tcp://scheduler:8786"),
        ("dask", "inproc://10.0.0.5/1/1", "tcp://scheduler:8786"),
        ("ray", "ray://head:10001?token=secret", "ray://head:10001"),
        ("dask", "tcp://a:1'); import os #", "tcp://scheduler:8786"),
    ],
)
def test_the_code_has_plain_addresses_only(engine: Any, address: str, example: str) -> None:
    """An address with more in it than a host and a port, such as a password, is left to fill in."""
    code = advised(machine=beside(engine=engine, address=address)).snippet
    assert f"cluster={example!r}))  # FILL IN: the address of the cluster\n" in code
    assert "secret" not in code
    ast.parse(code)


@pytest.mark.parametrize("address", ["tls://10.0.0.5:8786", "tcp://[::1]:8786", "tcp://dask-1.example:80"])
def test_the_code_keeps_plain_addresses(address: str) -> None:
    """Names, numbers and IPv6 addresses are kept."""
    assert f"cluster={address!r}" in advised(machine=beside(address=address)).snippet


def test_coroutines_and_failing_inputs_are_written_for_workers() -> None:
    """A coroutine function gets an event loop for each call, and an exception becomes its result."""
    failed = FailedInputs(count=1, of=50, index=3, exception="ValueError: no")
    code = advised(changed(COMPUTING, coroutine=True, failed_inputs=failed)).snippet
    ast.parse(code)
    assert "return asyncio.run(work(*item))" in code
    assert "\ndef attempt(item):\n" in code
    assert "advisor.map(attempt, inputs" in code


def test_what_cannot_be_pickled_is_imported_by_the_workers() -> None:
    """The script sends a function that imports it, instead of the object that the script has."""
    profile = changed(COMPUTING, target="jobs:service.work", picklable=Picklable(function=False))
    code = advised(profile, inputs="numbers.txt", inputs_count=10_000).snippet
    assert "\nfrom jobs import service" not in code
    assert (
        "def call_work(*args, **kwargs):\n"
        "    from jobs import service  # cannot be pickled: workers look it up here\n"
        "\n"
        "    return service.work(*args, **kwargs)\n"
    ) in code
    assert "advisor.map(call_work, inputs, cluster='tcp://10.0.0.5:8786')" in code


def test_the_layout_is_in_json_always_and_on_the_terminal_for_long_jobs() -> None:
    """A short job is not worth starting a cluster for: on the terminal, its layout would only be noise."""
    here = changed(HOST, cluster=None)
    short, long = (advised(job=Job(calls=calls), machine=here) for calls in (100, 10_000))
    assert short.cluster_layout is not None
    assert long.cluster_layout is not None
    assert "On clusters" not in terminal.as_text(short, Screen())
    text = " ".join(terminal.as_text(long, Screen()).split())
    assert "On clusters a host does best with 2 processes × 1 thread: dask worker" in text
    assert "max_concurrency=" in text
    page = html.as_page(short, ())
    assert "Each host of a cluster" in page
    assert f"<code>{long.cluster_layout.command}</code>" in page


def test_a_cluster_that_is_laid_out_well_needs_no_other() -> None:
    """Beside a cluster whose workers have the advised threads, the terminal does not repeat it."""
    assert "On clusters" not in terminal.as_text(advised(), Screen())
    assert "On clusters" in terminal.as_text(advised(machine=beside(workers=4, threads_each=4)), Screen())


def test_the_verdict_counts_threads() -> None:
    """A worker of a cluster is a process, which may make several calls at once."""
    assert terminal.as_text(advised(), Screen()).startswith("Cluster with 16 threads: ")


def test_assumed_costs_of_a_cluster_are_named() -> None:
    """The basis of the advice says what was not measured."""
    text = " ".join(terminal.as_text(advised(machine=beside(source="assumed")), Screen(width=200)).split())
    assert "assuming typical costs of a cluster" in text


def test_a_record_has_limits() -> None:
    """A cluster that comes from outside cannot be larger than the model bears."""
    with pytest.raises(ValueError, match="workers"):
        Cluster(engine="dask", workers=10**9)
