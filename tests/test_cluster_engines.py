"""The engines of Dask and Ray behave alike: one suite over real clusters of both."""

from __future__ import annotations

import asyncio
import importlib
import os
import pickle
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cloudpickle
import pytest

from advisor.clusters import measure, shipping
from advisor.clusters.connect import connect
from advisor.clusters.engine import Engine, News
from advisor.clusters.news_queue import NewsQueue
from advisor.errors import ConnectionLostError, UsageError
from tests import clusters
from tests.clusters import DaskCluster, temporary_folder

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
WAIT = 60.0


@pytest.fixture(scope="module", params=["dask", "ray"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """An open connection to a cluster of two workers."""
    clusters.require({"dask": "distributed", "ray": "ray"}[request.param])
    cluster = request.getfixturevalue(f"{request.param}_cluster")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DASK_SCHEDULER_ADDRESS" if request.param == "dask" else "RAY_ADDRESS", cluster.address)
        opened = connect("auto")
    yield opened
    opened.close()


def await_workers(engine: Engine, number: int = clusters.WORKERS) -> list[str]:
    """The ids of the workers, once there are so many."""
    end = time.monotonic() + WAIT
    while len(engine.workers()) < number:
        assert time.monotonic() < end
        time.sleep(0.1)
    return [worker.id for worker in engine.workers()]


def share(engine: Engine, program: Callable[..., bytes]) -> Any:
    return engine.share(cloudpickle.dumps(program))


def await_news(engine: Engine, tickets: list[int]) -> dict[int, News]:
    """The news of tasks, each once."""
    found: dict[int, News] = {}
    end = time.monotonic() + WAIT
    while found.keys() != set(tickets):
        assert time.monotonic() < end
        for news in engine.receive(1):
            assert news.ticket in tickets
            assert news.ticket not in found
            found[news.ticket] = news
    return found


def results(engine: Engine, tickets: list[int]) -> list[bytes]:
    news = await_news(engine, tickets)
    assert not [each for each in news.values() if each.value is None]
    return [news[ticket].value or b"" for ticket in tickets]


def by_value(function: Any) -> Any:
    """Workers do not have this module; the functions below are pickled with their code."""
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    return function


by_value(None)


def pid(payload: bytes, *shared: bytes) -> bytes:
    return str(os.getpid()).encode()


def sizes(payload: bytes, *shared: bytes) -> bytes:
    return repr([len(payload), *(len(each) for each in shared)]).encode()


def refuse(payload: bytes) -> bytes:
    raise ValueError("no bytes here")


def note(payload: bytes) -> bytes:
    """Leave a line in the file, and wait until there is one called `go` beside it."""
    path = Path(payload.decode())
    with path.open("a") as file:
        file.write(f"{os.getpid()}\n")
    while not path.with_name("go").exists():
        time.sleep(0.01)
    return b""


def note_and_die(payload: bytes) -> bytes:
    with Path(payload.decode()).open("a") as file:
        file.write(f"{os.getpid()}\n")
    os.kill(os.getpid(), signal.SIGKILL)
    return b""


def await_file(path: Path) -> None:
    end = time.monotonic() + WAIT
    while not path.exists():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_task_runs_on_the_worker_that_it_is_for(engine: Engine) -> None:
    """Workers are processes of their own, and each task runs on its own one."""
    first, second = await_workers(engine)[:2]
    program = share(engine, pid)
    found = results(engine, [engine.submit(worker, program, b"") for worker in (first, second, first, second)])
    assert found[0] == found[2] != found[1] == found[3]
    assert str(os.getpid()).encode() not in found
    assert {worker.threads for worker in engine.workers()} == {1}


def test_shared_data_and_large_payloads_arrive(engine: Engine) -> None:
    """A program gets its payload and all that it shares, small and large, on every worker."""
    program = share(engine, sizes)
    data = [engine.share(bytes(5)), engine.share(bytes(3_000_000))]
    tickets = [engine.submit(worker, program, bytes(12_000_000), data) for worker in await_workers(engine)]
    assert set(results(engine, tickets)) == {b"[12000000, 5, 3000000]"}


def test_what_a_program_raises_comes_back(engine: Engine) -> None:
    """An exception of a program is its own news, and no loss."""
    ticket = engine.submit(await_workers(engine)[0], share(engine, refuse), b"")
    news = await_news(engine, [ticket])[ticket]
    assert isinstance(news.error, ValueError)
    assert not news.lost


def test_only_what_has_not_begun_can_be_cancelled(engine: Engine, tmp_path: Path) -> None:
    """A running task stays; a waiting one is taken back, never runs, and there is no news of it."""
    worker = await_workers(engine)[0]
    program = share(engine, note)
    running, waiting, abandoned = (
        engine.submit(worker, program, str(tmp_path / name).encode()) for name in ("running", "waiting", "abandoned")
    )
    await_file(tmp_path / "running")
    assert not engine.cancel(running)
    assert engine.cancel(waiting)
    engine.abandon(abandoned)
    (tmp_path / "go").touch()
    after = engine.submit(worker, program, str(tmp_path / "after").encode())
    assert results(engine, [running, after]) == [b"", b""]
    assert not (tmp_path / "waiting").exists()


def test_a_poisoned_call_kills_one_worker_once(
    engine: Engine, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The loss is reported, the call is not made again, others go on, and another worker takes the place."""
    first, second = await_workers(engine)[:2]
    (tmp_path / "go").touch()
    lost = engine.submit(first, share(engine, note_and_die), str(tmp_path / "deaths").encode())
    other = engine.submit(second, share(engine, pid), b"")
    news = await_news(engine, [lost, other])
    assert news[lost].lost
    assert news[lost].started
    assert news[other].value
    late = engine.submit(first, share(engine, pid), b"")
    assert not await_news(engine, [late])[late].started
    fresh = [worker for worker in await_workers(engine) if worker != second]
    assert first not in fresh
    assert results(engine, [engine.submit(fresh[0], share(engine, pid), b"")])
    assert len((tmp_path / "deaths").read_text().split()) == 1
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's package with relative imports, a module that is imported late, and a function."""
    (tmp_path / "shop" / "goods").mkdir(parents=True)
    (tmp_path / "shop" / "__init__.py").write_text("")
    (tmp_path / "shop" / "goods" / "__init__.py").write_text("from .prices import price\n")
    (tmp_path / "shop" / "goods" / "prices.py").write_text("from ..taxes import TAX\ndef price(n): return n * TAX\n")
    (tmp_path / "shop" / "taxes.py").write_text("TAX = 3\n")
    (tmp_path / "discounts.py").write_text("OFF = 1\n")
    order = "from shop.goods import price\ndef total(n):\n    import discounts\n    return price(n) - discounts.OFF\n"
    (tmp_path / "order.py").write_text(order)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [name for name in sys.modules if name in ("order", "discounts") or name.partition(".")[0] == "shop"]:
        del sys.modules[name]


def call_shared(payload: bytes, function: bytes) -> bytes:
    return repr(pickle.loads(function)(pickle.loads(payload))).encode()


def totals(engine: Engine) -> list[bytes]:
    """Return the results, from each worker, of a function that only this process can import."""
    function = importlib.import_module("order").total
    prepared = shipping.prepare(engine, function)
    workers = await_workers(engine)
    prepared.check(workers)
    program = engine.share(prepared.program(call_shared))
    data = [engine.share(pickle.dumps(function))]
    return results(engine, [engine.submit(worker, program, pickle.dumps(5), data) for worker in workers])


def test_the_users_modules_reach_the_workers(engine: Engine, shop: Path) -> None:
    """Packages, submodules and late imports are there; a copy of other content on a worker is replaced."""
    assert totals(engine) == [b"14"] * clusters.WORKERS
    (shop / "shop" / "taxes.py").write_text("TAX = 4  # more\n")
    assert totals(engine) == [b"19"] * clusters.WORKERS


def test_a_missing_package_is_named_with_its_remedy(engine: Engine, shop: Path) -> None:
    """The error has the package, its version here, a worker and the command."""
    site = shop / "site-packages"
    (site / "absent-2.5.dist-info").mkdir(parents=True)
    (site / "absent-2.5.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: absent\nVersion: 2.5\n")
    (site / "absent-2.5.dist-info" / "top_level.txt").write_text("absent\n")
    (site / "absent.py").write_text("")
    (shop / "order.py").write_text("import absent\ndef total(n): return n\n")
    sys.path.append(str(site))
    try:
        with pytest.raises(UsageError, match=r"absent on .*: pip install absent==2\.5$"):
            totals(engine)
    finally:
        sys.path.remove(str(site))
        sys.modules.pop("absent", None)


def test_a_cluster_is_measured_once(
    engine: Engine, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All costs are found; the second time they come from the cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    await_workers(engine)
    found = measure.measure_engine(engine, module="order")
    assert (found.engine, found.workers, found.threads_each, found.hosts) == (engine.name, clusters.WORKERS, 1, 1)
    assert (found.on_this_host, found.speed, found.source) == (True, 1.0, "measured")
    assert found.python == sys.version.split()[0]
    costs = (found.task_seconds, found.round_trip, found.byte_seconds, found.return_byte_seconds, found.import_seconds)
    assert all(cost > 0 for cost in costs)
    assert measure.measure_engine(engine, module="order") == found


def spin(payload: bytes) -> bytes:
    while time.thread_time() < 0.05:
        pass
    return b""


def test_a_real_call_is_timed_on_each_worker(engine: Engine) -> None:
    """Each worker tells how long a call took, and how much CPU time."""
    workers = await_workers(engine)
    found = measure.measure_calls(engine, cloudpickle.dumps(spin), b"")
    assert {each.worker for each in found} == set(workers)
    assert all(0 < each.cpu <= each.seconds * 1.5 for each in found)


def test_a_dask_scheduler_that_comes_back_is_used_again(capfd: pytest.CaptureFixture[str]) -> None:
    """Tasks in flight are reported as lost, and the new workers take tasks; if none comes, receiving says so."""
    clusters.require("distributed")
    from advisor.clusters.dask_engine import DaskEngine

    with temporary_folder() as folder:
        cluster = DaskCluster(folder)
        engine = DaskEngine(cluster.address, reconnect_seconds=20, timeout=2)
        try:
            worker = await_workers(engine, 1)[0]
            ticket = engine.submit(worker, share(engine, note), str(folder / "note").encode())
            await_file(folder / "note")
            cluster.kill_scheduler()
            assert await_news(engine, [ticket])[ticket].started
            (folder / "go").touch()
            cluster.start_scheduler()
            cluster.start_worker()
            worker = await_workers(engine, 1)[0]
            assert results(engine, [engine.submit(worker, share(engine, pid), b"")])
            assert capfd.readouterr() == ("", "")
        finally:
            engine.close()
            cluster.close()


def test_a_dask_scheduler_that_stays_away_is_given_up() -> None:
    """`receive` raises, rather than waiting for ever."""
    clusters.require("distributed")
    from advisor.clusters.dask_engine import DaskEngine

    with temporary_folder() as folder:
        cluster = DaskCluster(folder, workers=0)
        engine = DaskEngine(cluster.address, reconnect_seconds=0.1, timeout=1)
        try:
            cluster.kill_scheduler()
            with pytest.raises(ConnectionLostError, match="did not come back"):
                await_news(engine, [-1])
        finally:
            engine.close()
            cluster.close()


def test_connecting_ends_when_the_engine_is_closed() -> None:
    """Ctrl-C need not wait until the connection times out."""
    clusters.require("distributed")
    from advisor.clusters.dask_session import DaskSession

    async def close_while_connecting() -> None:
        address = f"tcp://127.0.0.1:{clusters.free_port()}"
        session = DaskSession(address, NewsQueue(), 30.0, {"timeout": 3_600})
        connected = asyncio.get_running_loop().create_future()
        serving = asyncio.ensure_future(session.serve(connected))
        await asyncio.sleep(0.1)
        session.closing.set()
        await asyncio.wait_for(serving, WAIT)
        assert not connected.done()

    asyncio.run(close_while_connecting())
