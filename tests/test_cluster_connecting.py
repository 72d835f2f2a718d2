"""Finding a cluster, and the user's modules that its workers need, without a cluster."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from advisor.clusters import on_worker
from advisor.clusters.by_value import pickle_by_value
from advisor.clusters.connect import connect
from advisor.clusters.dask_workers import Roster
from advisor.clusters.engine import News, Worker
from advisor.clusters.measure import _cores, _Measurement
from advisor.clusters.ray_address import resolve
from advisor.clusters.shipping import Prepared
from advisor.clusters.user_modules import Needs, find_module_needs, find_needs
from advisor.errors import MissingExtraError, UsageError
from tests.manual_cluster import ManualEngine


@pytest.fixture(autouse=True)
def no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DASK_SCHEDULER_ADDRESS", "RAY_ADDRESS"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("cluster", "text"),
    [
        ("127.0.0.1:8786", "did you mean tcp://127.0.0.1:8786?"),
        ("http://127.0.0.1:8787", "is not the address of a cluster"),
        ("", "is not the address of a cluster"),
        (8786, "not by a builtins.int"),
    ],
)
def test_what_is_no_cluster_is_refused(cluster: Any, text: str) -> None:
    """The error says what a cluster is given by."""
    with pytest.raises(UsageError) as refused:
        connect(cluster)
    assert text in str(refused.value)
    assert "\n" not in str(refused.value)


def test_auto_says_where_it_has_looked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a client, a connection or a variable there is no cluster, and nothing is imported to find out."""
    for name in ("distributed", "ray"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(UsageError, match="neither DASK_SCHEDULER_ADDRESS nor RAY_ADDRESS is set"):
        connect("auto")
    assert not {"distributed", "ray"} & sys.modules.keys()


def test_ray_that_would_be_started_is_no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """RAY_ADDRESS=local makes Ray start a cluster: it is not taken for one."""
    monkeypatch.delitem(sys.modules, "ray", raising=False)
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.setenv("RAY_ADDRESS", "local")
    with pytest.raises(UsageError, match="found no cluster"):
        connect("auto")


def test_an_asynchronous_client_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its event loop would stand still while the job runs."""
    distributed = ModuleType("distributed")
    distributed.Client = SimpleNamespace  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "distributed", distributed)
    with pytest.raises(UsageError, match="asynchronous"):
        connect(SimpleNamespace(asynchronous=True))


@pytest.mark.parametrize(("address", "extra"), [("tcp://127.0.0.1:1", "dask"), ("ray", "ray")])
def test_a_missing_package_is_named_by_its_extra(address: str, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    for name in ("distributed", "ray"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError) as missing:
        connect(address)
    assert missing.value.extra == extra


def test_ray_on_windows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names what works instead."""
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(UsageError, match="use WSL, or a Dask cluster"):
        connect("ray")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of modules that can be imported, and are forgotten afterwards."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = sys.modules.copy()
    finders = sys.meta_path.copy()
    yield tmp_path
    sys.meta_path[:] = finders
    for name in sys.modules.keys() - before.keys():
        del sys.modules[name]


def test_needed_modules_are_found_without_importing_them(folder: Path) -> None:
    """Relative and late imports and the packages around are found; guarded and late packages are not required."""
    (folder / "depot" / "deep").mkdir(parents=True)
    (folder / "depot" / "__init__.py").write_text("")
    (folder / "depot" / "deep" / "__init__.py").write_text("from .. import other\n")
    (folder / "depot" / "other.py").write_text(
        "import json, click\ntry:\n    import pydantic\nexcept ImportError: pass\n"
    )
    (folder / "late.py").write_text("import rich\n")
    (folder / "start.py").write_text("import depot.deep\ndef go():\n    import late\n")
    needs = find_module_needs("start")
    assert needs.sources.keys() == {"start", "depot", "depot.deep", "depot.other", "late"}
    assert needs.sources["depot.deep"].package
    assert needs.packages == {"click"}
    assert needs.later == {"pydantic", "rich"}
    assert not {"start", "depot", "late"} & sys.modules.keys()


def test_functions_of_libraries_need_no_sources() -> None:
    """Installed packages are not sent."""
    import click

    assert not find_needs(click.echo).sources
    assert find_needs(click.echo).packages == {"click"}
    assert not find_needs(sorted).packages


class SlowEngine(ManualEngine):
    """Runs what is sent to some workers at once; the others are busy."""

    def __init__(self, *threads: int, busy: Sequence[str]) -> None:
        super().__init__(*threads)
        self._busy = busy

    def receive(self, timeout: float | None) -> list[News]:
        for ticket in [ticket for ticket, task in self.tasks.items() if task.worker not in self._busy]:
            self.finish(ticket)
        return super().receive(timeout)


def test_a_busy_worker_does_not_hold_up_the_job() -> None:
    """The check goes on once other workers have answered, and takes back what it has asked of the busy one."""
    engine = SlowEngine(1, 1, busy=["w1"])
    Prepared(engine, Needs(), patience=0.2).check(["w0", "w1"])
    assert not engine.tasks


def test_a_check_that_no_worker_answers_is_an_error() -> None:
    """It says that the workers may be busy, and leaves no task behind."""
    engine = SlowEngine(1, busy=["w0"])
    with pytest.raises(UsageError, match="they may be busy"):
        Prepared(engine, Needs(), patience=0.01).check(["w0"])
    assert not engine.tasks


def test_a_busy_worker_does_not_hold_up_the_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cluster is measured with the workers that answer, and all of them are counted."""
    monkeypatch.setattr("advisor.clusters.measure.BUSY_SECONDS", 0.2)
    engine = SlowEngine(1, 1, 1, busy=["w1"])
    found = _Measurement(engine, 0.1).run(None)
    assert found.workers == 3
    assert not engine.tasks


@pytest.mark.parametrize(("connected", "address"), [("10.0.0.5:6379", "10.0.0.5:6379"), ("", "auto")])
def test_ray_is_the_cluster_that_the_program_is_connected_to(
    connected: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only without a connection is another one looked for."""
    ray = ModuleType("ray")
    ray.is_initialized = lambda: bool(connected)  # type: ignore[attr-defined]
    ray.get_runtime_context = lambda: SimpleNamespace(gcs_address=connected)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ray", ray)
    assert resolve("ray") == address


def sources(**texts: str) -> dict[str, tuple[bytes, str, bool]]:
    return {name: (text.encode(), f"/nowhere/{name}.py", False) for name, text in texts.items()}


def test_sent_modules_are_imported_from_memory(folder: Path) -> None:
    """They have a name, a file and a source for tracebacks, and no file is written."""
    on_worker.provide(sources(wares="import stock\ndef left(): return stock.LEFT\n", stock="LEFT = 5\n"))
    import wares

    assert wares.left() == 5
    assert wares.__file__ == "/nowhere/wares.py"
    assert wares.__loader__.get_source("wares").startswith("import stock")
    assert list(folder.iterdir()) == []


def test_stale_modules_are_replaced_and_equal_ones_kept(folder: Path) -> None:
    """A module from elsewhere stays if its content is the same; otherwise all that were sent are imported again."""
    (folder / "wares.py").write_text("LEFT = 1\n")
    import wares

    on_worker.provide(sources(wares="LEFT = 1\n"))
    assert sys.modules["wares"] is wares
    on_worker.provide(sources(wares="LEFT = 2\n"))
    assert "wares" not in sys.modules
    import wares as again

    assert again.LEFT == 2
    on_worker.provide(sources(wares="LEFT = 2\n"))
    assert sys.modules["wares"] is again


def test_code_for_workers_needs_no_advisor() -> None:
    """A station runs in an interpreter that cannot import advisor, and loads each program once."""
    station = pickle_by_value(on_worker.Station(), on_worker)
    program = pickle_by_value(on_worker.look, on_worker)
    code = f"""
import pickle, sys
sys.modules["advisor"] = None
station = pickle.loads({station!r})
print(pickle.loads(station(0, {program!r}, pickle.dumps(({{"json": {{}}, "absent": {{}}}}, ["json", "gone"])))))
print(station.withdraw(0), station.withdraw(1))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == ["({'json': {}, 'absent': None}, ['gone'])", "False True"]


def test_withdrawn_tasks_do_not_begin() -> None:
    """A task that is withdrawn before it arrives is refused when it does."""
    station = on_worker.Station()
    assert station.withdraw(7)
    with pytest.raises(on_worker.WithdrawnError):
        station(7, b"", b"")
    assert isinstance(pickle.loads(pickle.dumps(station)), on_worker.Station)


def info(**changes: Any) -> dict[str, Any]:
    return {"host": "192.0.2.1", "nthreads": 2, "memory_limit": 10, "status": "running"} | changes


def test_a_restarted_worker_has_another_id() -> None:
    """The address may be the same, the worker is not; a paused one takes no tasks but is not lost."""
    roster = Roster()
    assert roster.update({"tcp://a": info(), "tcp://b": info(memory_limit=0)}) == (True, [])
    assert roster.workers()[1] == Worker("tcp://b", "192.0.2.1", 2, None)
    assert roster.remove("tcp://a") == ["tcp://a"]
    assert roster.remove("tcp://a") == []
    assert roster.update({"tcp://a": info(), "tcp://b": info(status="paused")}) == (True, [])
    assert [worker.id for worker in roster.workers()] == ["tcp://a#1"]
    assert roster.address("tcp://a") is None
    assert roster.update({"tcp://a": info()}) == (False, ["tcp://b"])


def test_a_worker_with_another_python_takes_no_tasks() -> None:
    """Its version is kept for the error."""
    roster = Roster()
    roster.other_pythons["tcp://a"] = "3.9.1"
    roster.update({"tcp://a": info()})
    assert roster.workers() == []
    roster.remove("tcp://a")
    assert roster.other_pythons == {}


def test_containers_of_a_host_share_its_cores() -> None:
    """Cores count once for each container, and never more than the host has."""
    facts = [
        {"boot": "1", "host": "a", "cores": 3, "host_cores": 4},
        {"boot": "1", "host": "a", "cores": 3, "host_cores": 4},
        {"boot": "1", "host": "b", "cores": 3, "host_cores": 4},
        {"boot": "2", "host": "c", "cores": 8, "host_cores": 8},
    ]
    workers = [Worker(str(number), host=fact["host"], threads=1) for number, fact in enumerate(facts)]
    assert _cores(facts, workers, workers) == 12
