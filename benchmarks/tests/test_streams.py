"""The benchmark that watches the memory of a job with many inputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.streams import Watched, draw, table, watch


@pytest.mark.slow
@pytest.mark.parametrize("way", ["advisor.map", "ProcessPoolExecutor.map"])
def test_a_job_is_watched_to_its_end(way: str) -> None:
    """All inputs and results are counted, and the memory is that of a Python process at least."""
    watched = watch(way, count=2_000, pause=0.01, limit=1e6)
    assert (watched.ending, watched.inputs, watched.results) == ("", 2_000, 2_000)
    assert watched.highest > 5


@pytest.mark.slow
def test_a_job_above_the_limit_is_stopped() -> None:
    """A limit below the memory of an interpreter stops the job, and says so."""
    watched = watch("advisor.map", count=10_000_000, pause=60.0, limit=1.0)
    assert watched.ending == "stopped: more than 1 MB"


def test_table_and_picture(tmp_path: Path) -> None:
    """A way that was stopped has its highest memory alone; the picture names all ways."""
    samples = [(float(second), 50.0 if second < 20 else 60.0) for second in range(101)]
    ended = Watched("advisor.map", samples, 1000, 1000, "")
    stopped = Watched("pool", [(0.0, 10.0), (5.0, 1010.0)], 300, 0, "stopped: more than 1,000 MB")
    assert table([ended, stopped]).splitlines()[2:] == [
        "| advisor.map | 1,000 | 1,000 | 100 | 51 | 60 | 60 |  |",
        "| pool | 0 | 300 | 5 | – | – | 1010 | stopped: more than 1,000 MB |",
    ]
    draw([ended, stopped], 1000.0, tmp_path / "streams.svg")
    assert (tmp_path / "streams.svg").read_text().startswith("<?xml")
