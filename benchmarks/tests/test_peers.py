"""Decisions of others on a job: rules of thumb, and packages that really run."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from benchmarks import peers
from benchmarks.peers import PEERS, Evidence, Peer, contenders, gather, watch
from profiles import Workload, find
from profiles.job import Contender, JobError, Package, Plan, measure, run_module, timed
from profiles.testing import NOTING

COMPUTES = Evidence(calls=3, cpu=2.9, wall=3.0, cores=2)
WAITS = Evidence(calls=3, cpu=0.1, wall=3.0, cores=2)
NOTING_LOCKED = """
import threading

def inputs():
    return range(40)

def locked_inputs():
    # Not closures: smart-parallel goes by the text of the error, does not know the one of Python 3.13, and fails.
    return [(number, threading.Lock()) for number in range(40)]

def note_locked(pair):
    number, lock = pair
    with lock:
        note(number)
"""
PACKAGES = [
    pytest.param(
        peer.plan(COMPUTES), marks=pytest.mark.skipif(peer.missing, reason=f"needs {peer.package}"), id=peer.name
    )
    for peer in PEERS
    if peer.package
]


@pytest.fixture
def noting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A module whose functions append their argument to the file returned here."""
    (tmp_path / "noting.py").write_text(NOTING + NOTING_LOCKED)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    sys.modules.pop("noting", None)  # another test's
    yield tmp_path / "notes"
    sys.modules.pop("noting", None)


def job(function: str, calls: int, inputs: str = "inputs") -> Workload:
    return Workload("", f"noting:{function}", f"noting:{inputs}", calls, "", "")


def has_ended(pid: int) -> bool:
    """Return True if a process is gone within ten seconds; one whose exit status nobody has asked for is."""
    try:
        process = psutil.Process(pid)
        for _ in range(200):
            if process.status() == psutil.STATUS_ZOMBIE:
                return True
            time.sleep(0.05)
    except psutil.NoSuchProcess:
        return True
    return False


def settled(evidence: Evidence) -> dict[str, Contender]:
    return {peer.name: peer.plan(evidence) for peer in PEERS}


# --- the rules -----------------------------------------------------------------------------------------------------


def test_rules_go_by_what_they_look_at() -> None:
    """Two rules look at the cores alone, the notebook's at the CPU share too; the packages are handed the job."""
    threads, processes = Plan("threading", 6), Plan("multiprocessing", 2)
    rest = {"smart-parallel": Package("smart-parallel"), "BetaPool": Package("betapool")}
    always = {"always threads": threads, "always processes": processes}
    assert settled(COMPUTES) == always | {"cpu/wall (notebook)": processes} | rest
    assert settled(WAITS) == always | {"cpu/wall (notebook)": threads} | rest


def test_a_package_is_called_by_its_name() -> None:
    """A contender's text, as tables show it, is a package's name or what a plan says."""
    assert [str(contender) for contender in settled(COMPUTES).values()] == [
        "threading × 6",
        "multiprocessing × 2",
        "multiprocessing × 2",
        "smart-parallel",
        "betapool",
    ]


def test_threads_have_a_limit() -> None:
    """However many cores there are, the default is no more than 32 threads, and a process for each core."""
    many = Evidence(calls=3, cpu=1.0, wall=1.0, cores=64)
    assert settled(many)["always threads"] == Plan("threading", 32)
    assert settled(many)["always processes"] == Plan("multiprocessing", 64)


# --- the evidence --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", ["note", "note_later"])
def test_evidence_comes_from_the_first_calls(noting: Path, function: str) -> None:
    """Three calls are watched, one after the other, awaited where they have to be, and no more than the job has."""
    assert watch(job(function, 30)).calls == 3
    assert noting.read_text() == "0 1 2 "
    assert watch(job(function, 2)).calls == 2
    assert noting.read_text() == "0 1 2 0 1 "


def test_evidence_is_gathered_in_a_process_of_its_own() -> None:
    """The calls are made over there, whether they wait for a server or compute, and the figures come back."""
    waiting, computing = gather(find("web.download")), gather(find("simulation.price_option"))
    assert (waiting.calls, waiting.cores) == (computing.calls, computing.cores) == (3, watch(find("tiny.clamp")).cores)
    assert 0 < waiting.cpu < waiting.wall
    assert computing.cpu > 0
    assert computing.wall > 0


def test_evidence_that_takes_too_long_is_given_up() -> None:
    """First calls beyond their time raise an error that says so."""
    with pytest.raises(JobError, match=r"no end within 0\.01 s"):
        gather(find("web.download"), timeout=0.01)


def test_a_package_that_is_not_installed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer whose package is missing is no contender; the others are, under their names."""
    absent = Peer("absent", lambda _: Package("betapool"), "no_such_package")
    monkeypatch.setattr(peers, "PEERS", (*PEERS[:2], absent))
    assert list(contenders(find("tiny.clamp"))) == ["always threads", "always processes"]


# --- the packages --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", ["note", "note_later"])
@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_does_every_call_of_the_job(noting: Path, package: Contender, function: str) -> None:
    """Every input is worked on; smart-parallel first tries ten, and the first of them twice."""
    assert timed(job(function, 40), package) > 0
    trial = [0, *range(10)] if package == Package("smart-parallel") else []
    assert sorted(map(int, noting.read_text().split())) == sorted([*trial, *range(40)])


@pytest.mark.parametrize("package", PACKAGES)
def test_what_cannot_be_pickled_stops_no_package(noting: Path, package: Contender) -> None:
    """A job whose inputs can't be sent to another process is done all the same."""
    assert timed(job("note_locked", 40, "locked_inputs"), package) > 0
    assert {int(number) for number in noting.read_text().split()} == set(range(40))


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_runs_in_a_process_of_its_own(package: Contender) -> None:
    """A job goes to the package in a fresh process, which says how long it took and ends."""
    assert 0 < measure(find("tiny.clamp"), package, timeout=90) < 90


def test_workers_that_outlive_their_process_are_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker left behind, with the output still open, is ended at the time limit, though its parent is gone."""
    (tmp_path / "leaving.py").write_text(
        "import subprocess, sys\n"
        "left = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "open('left', 'w').write(str(left.pid))\n"
    )
    monkeypatch.setattr("profiles.job.ROOT", tmp_path)
    with pytest.raises(JobError, match="no end within 2 s"):
        run_module("leaving", timeout=2)
    assert has_ended(int((tmp_path / "left").read_text()))
