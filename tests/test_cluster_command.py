"""`advise TARGET --cluster` and `advisor.advise(…, cluster=…)`, with a real cluster."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import advisor
from advisor.cli.main import main
from advisor.models import Advice
from tests.clusters import WORKERS, DaskCluster, dask_cluster, free_port

__all__ = ["dask_cluster"]  # a fixture

TARGET = """\
def work(number=20_000):
    return sum(value * value for value in range(number))
"""


@pytest.fixture
def address(dask_cluster: DaskCluster) -> str:
    """Return the address of a cluster that has all its workers."""
    from distributed import Client

    with Client(dask_cluster.address, set_as_default=False) as client:
        client.wait_for_workers(WORKERS, timeout=60)
    return dask_cluster.address


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "jobs.py").write_text(TARGET, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name in ("DASK_SCHEDULER_ADDRESS", "RAY_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def advise(*words: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "advisor", *words, "--budget", "0.2"]
    variables = {**os.environ, "PYTHONPATH": str(Path(advisor.__file__).parents[1]), **(environment or {})}
    return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=100)


@pytest.mark.slow
def test_a_cluster_is_one_of_the_alternatives(address: str, folder: Path) -> None:
    """The cluster is measured, and compared with the strategies of this host; standard output has nothing else."""
    done = advise("jobs:work", "--cluster", address, "--calls", "1000", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    advice = Advice.model_validate_json(done.stdout)
    cluster = advice.machine.cluster
    assert cluster is not None
    assert (cluster.engine, cluster.workers, cluster.source) == ("dask", WORKERS, "measured")
    assert cluster.import_seconds > 0  # a worker has got the module, which is in the current folder only
    assert "cluster" in {option.strategy for option in advice.alternatives}


@pytest.mark.slow
def test_the_environment_may_name_the_cluster_but_only_when_asked(address: str, folder: Path) -> None:
    """`auto` finds it; without `--cluster`, nothing connects to it."""
    environment = {"DASK_SCHEDULER_ADDRESS": address}
    asked = advise("jobs.py:work", "--cluster", "auto", "--json", environment=environment)
    assert Advice.model_validate_json(asked.stdout).machine.cluster is not None
    unasked = advise("jobs.py:work", "--json", environment=environment)
    assert Advice.model_validate_json(unasked.stdout).machine.cluster is None


@pytest.mark.slow
def test_verify_runs_nothing_on_the_cluster(address: str, folder: Path) -> None:
    """The trials are those of this host."""
    done = advise("jobs.py:work", "--cluster", address, "--calls", "200", "--json", "--verify")
    trials = Advice.model_validate_json(done.stdout).verification
    assert {trial.strategy for trial in trials} >= {"sequential", "threading"}
    assert "cluster" not in {trial.strategy for trial in trials}


@pytest.mark.slow
def test_a_callable_is_advised_on_with_a_client(address: str) -> None:
    """A connection of the caller is used, and stays open."""
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        advice = advisor.advise(sorted, inputs=[[3, 1, 2]] * 10, budget=0.1, cluster=client)
        assert client.status == "running"
    assert advice.machine.cluster is not None
    assert advice.machine.cluster.workers == WORKERS


@pytest.mark.slow
def test_a_connected_cluster_is_considered(address: str) -> None:
    """The cluster that the program is connected to is among the alternatives; after that there is none."""
    from distributed import Client

    with Client(address):
        connected = advisor.advise(sorted, inputs=[[3, 1, 2]] * 10, budget=0.1)
    alone = advisor.advise(sorted, inputs=[[3, 1, 2]] * 10, budget=0.1)
    assert "cluster" in {each.strategy for each in connected.alternatives}
    assert "cluster" not in {each.strategy for each in alone.alternatives}


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("somewhere", "'somewhere' is not the address of a cluster"),
        ("auto", "found no cluster"),
        ("tcp://127.0.0.1:FREE", "no Dask scheduler answers at tcp://127.0.0.1"),
    ],
)
def test_a_wrong_address_is_one_line(folder: Path, capsys: pytest.CaptureFixture[str], address: str, said: str) -> None:
    """The exit status says that the question is wrong, and the message says what of it."""
    address = address.replace("FREE", str(free_port()))
    assert main(["jobs.py:work", "--cluster", address, "--budget", "0.1"]) == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith("Error: ")
    assert said in error
    assert "\n" not in error


def test_a_missing_package_is_named(folder: Path) -> None:
    """Without Dask, the message says which extra has it."""
    program = (
        "import importlib.util, sys\n"
        "find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *more: None if name == 'distributed' else find(name, *more)\n"
        "from advisor.cli.main import main\n"
        "sys.exit(main(['jobs.py:work', '--cluster', 'tcp://127.0.0.1:8786', '--budget', '0.1']))\n"
    )
    variables = {**os.environ, "PYTHONPATH": str(Path(advisor.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", program], env=variables, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "pip install 'workload-advisor[dask]'" in done.stderr
