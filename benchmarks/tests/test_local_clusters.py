"""Clusters that the benchmark starts on this host."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from benchmarks import local_clusters
from benchmarks.local_clusters import ClusterStartError, Layout, cluster, is_installed


def _processes_of(folder: Path) -> list[psutil.Process]:
    """Return the processes that work in the folder of a cluster."""
    found = []
    for process in psutil.process_iter():
        try:
            if folder in Path(process.cwd()).parents or Path(process.cwd()) == folder:
                found.append(process)
        except (psutil.Error, FileNotFoundError):
            continue
    return found


def _await_stop(folder: Path) -> None:
    """Wait until all processes of a cluster are stopped; a signal takes effect a little later."""
    deadline = time.monotonic() + 10
    while any(each.status() != psutil.STATUS_STOPPED for each in _processes_of(folder)):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["dask", "ray"])
class TestClusters:
    def test_all_ends_with_an_interruption(self, engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """Ctrl-C in the middle ends the scheduler and the workers, and removes their files."""
        if not is_installed(engine):
            pytest.skip(f"{engine} is not installed")
        monkeypatch.setenv("TMPDIR", "/tmp")  # sockets of Ray have short names
        monkeypatch.setattr(local_clusters.tempfile, "tempdir", None)
        folders = []

        def interrupted() -> None:
            with cluster(engine, Layout(2, 1)) as running:
                folders.append(running.folder)
                assert len(_processes_of(running.folder)) >= 3
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert _processes_of(folders[0]) == []
        assert not folders[0].exists()


@pytest.mark.slow
@pytest.mark.skipif(not is_installed("dask"), reason="dask is not installed")
class TestDask:
    def test_workers_have_the_layout(self) -> None:
        """Two processes with three threads each are there when the cluster is, and after a restart."""
        from distributed import Client

        with cluster("dask", Layout(2, 3)) as running:
            for _ in range(2):
                with Client(running.address) as client:
                    assert list(client.nthreads().values()) == [3, 3]
                running.restart()

    def test_a_paused_cluster_goes_on(self) -> None:
        """A cluster that was paused works while it is active, and ends while it is paused."""
        from distributed import Client

        with cluster("dask", Layout(1, 1)) as running:
            running.pause()
            _await_stop(running.folder)
            with running.active(), Client(running.address) as client:
                assert client.submit(abs, -1).result() == 1
        assert _processes_of(running.folder) == []

    def test_the_reason_is_given_when_it_does_not_start(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An error has the end of the output."""
        monkeypatch.setattr(local_clusters, "START_SECONDS", 1.0)
        monkeypatch.setattr(local_clusters.DaskCluster, "SCHEDULER", "no_such_module")
        with pytest.raises(ClusterStartError, match="no_such_module"), cluster("dask", Layout(1, 1)):
            pass


def test_a_layout_is_written_as_a_product() -> None:
    """Processes come first."""
    assert (str(Layout(2, 4)), Layout(2, 4).slots) == ("2 × 4", 8)
