"""The benchmark of the service under load."""

from __future__ import annotations

import json
import random
import shutil
from itertools import islice
from pathlib import Path

import pytest

from advisor.service.schemas import parse_question
from benchmarks import wrk
from benchmarks.questions import REPEATED, Subject, different_bodies, repeated_bodies
from benchmarks.service_load import (
    DOCUMENT,
    FIGURES,
    Comparison,
    Figures,
    LoadSettings,
    MemoryGrowth,
    Results,
    format_comparison,
    format_memory,
    is_balanced,
    tables,
)
from benchmarks.serving import serving
from benchmarks.wrk import Load, WrkError, parse

pytestmark = pytest.mark.benchmark

SETTINGS = LoadSettings(workers=2, threads=2, connections=8, rounds=5, seconds=4)
OUTPUT = """Running 3s test @ http://127.0.0.1:8000/v1/advice
  1 threads and 8 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.99ms    1.04ms  21.04ms   93.50%
    Req/Sec     4.00k   512.00     4.90k    70.00%
  12000 requests in 3.00s, 60.00MB read
Requests/sec:   4000.00
Transfer/sec:     20.00MB

{"requests":12000,"microseconds":3000000,"p50":1900,"p99":5300,"refused":3,"lost":1,"offset":462,"wraps":2}
"""


def comparison(rate: float, *, journal: bool = False) -> Comparison:
    return Comparison(
        kind="repeated",
        journal=journal,
        subject="profiles",
        settings=SETTINGS,
        service=Figures(rate=rate, p50=0.002, p99=0.0105, cpu=0.0004),
        bare=Figures(rate=5000, p50=0.0015, p99=0.005, cpu=0.0003),
        ratio=rate / 5000,
    )


class TestWrk:
    def test_its_last_line_is_parsed(self) -> None:
        """Times are in seconds, and the rate in requests per second."""
        run = parse(OUTPUT)
        assert run == Load(requests=12000, seconds=3.0, p50=0.0019, p99=0.0053, refused=3, lost=1, offset=462, wraps=2)
        assert run.rate == 4000

    @pytest.mark.parametrize("output", ["", "unable to connect to 127.0.0.1:1 Connection refused"])
    def test_missing_results_are_an_error(self, output: str) -> None:
        """The message has what wrk printed instead."""
        with pytest.raises(WrkError, match=output or "printed no results"):
            parse(output)

    def test_missing_wrk_is_an_error(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """The message names the package."""
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(WrkError, match="wrk is not installed: install the package wrk"):
            wrk.load("http://127.0.0.1:1", tmp_path / "bodies", connections=1, seconds=1)

    @pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
    def test_the_bodies_are_posted_in_turn(self, tmp_path: Path) -> None:
        """The bare view, under a real server, refuses only a body that is no question."""
        bodies = tmp_path / "bodies"
        bodies.write_bytes(b"".join(body + b"\n" for body in repeated_bodies("profiles")))
        with serving("bare view", workers=1, threads=1) as server:
            run = wrk.load(f"{server.url}/v1/advice", bodies, connections=2, seconds=1)
            assert run.requests > 0
            assert (run.refused, run.lost) == (0, 0)
            assert 0 < run.offset <= bodies.stat().st_size
            bodies.write_bytes(b'{"wish": 1}\n')
            refused = wrk.load(f"{server.url}/v1/advice", bodies, connections=2, seconds=1)
            assert refused.refused == refused.requests > 0
            assert server.memory() > 1_000_000
        assert not server.process.is_running()


class TestQuestions:
    @pytest.mark.parametrize("subject", ["descriptions", "profiles"])
    def test_each_body_is_valid(self, subject: Subject) -> None:
        """No body comes twice."""
        bodies = list(islice(different_bodies(subject, random.Random(2)), 300))
        assert len(set(bodies)) == len(bodies)
        for body in bodies:
            parse_question(body)

    def test_repeated_bodies_are_always_the_same(self) -> None:
        """They are answered from the cache."""
        assert repeated_bodies("descriptions") == repeated_bodies("descriptions")
        assert len(set(repeated_bodies("descriptions"))) == REPEATED


class TestReport:
    def test_newer_results_replace_older_ones(self) -> None:
        """The pieces can be measured one by one."""
        old = Results(compared=[comparison(3000), comparison(2000, journal=True)])
        new = old.merge(Results(compared=[comparison(4000)]))
        assert new.compared == [comparison(4000), comparison(2000, journal=True)]
        assert Results.model_validate_json(old.model_dump_json()) == old

    def test_lines(self) -> None:
        """The line has the rates, their ratio and the latencies."""
        assert format_comparison(comparison(4000)) == (
            "profiles, repeated: 4,000 requests/s, 0.80 of a bare view's 5,000; "
            "p50 2 ms (bare 1.5 ms), p99 10 ms (bare 5 ms)"
        )

    def test_a_run_is_balanced_where_every_worker_took_part(self) -> None:
        """Chance decides which worker gets a connection."""
        assert is_balanced([1.9, 1.6])
        assert is_balanced([2.0])
        assert not is_balanced([2.3, 0.1])
        assert not is_balanced([2.0, 2.0, 0.0])

    def test_memory_is_flat_if_it_stops_growing(self) -> None:
        """Only the second half of the requests counts: at first caches are filled."""
        counts = [0, 30_000, 60_000, 100_000]
        flat = MemoryGrowth(journal=False, settings=SETTINGS, requests=counts, bytes=[100, 150, 200, 204])
        grows = flat.model_copy(update={"bytes": [100, 150, 200, 220]})
        assert flat.growth == pytest.approx(0.02)
        assert format_memory(flat).endswith("after 100,000 requests; over the second half +2.0%: flat")
        assert format_memory(grows).endswith("+10.0%: NOT flat")

    def test_tables(self) -> None:
        """Every row has as many cells as the header."""
        growth = MemoryGrowth(journal=True, settings=SETTINGS, requests=[0, 10], bytes=[2_000_000, 3_000_000])
        lines = tables(Results(compared=[comparison(4000)], memory=[growth])).splitlines()
        widths = [line.count("|") for line in lines if line]
        assert widths == [15] * 3 + [5] * 4
        assert lines[2].startswith(
            "| repeated | off | profiles | 5 × 4 s | 2 × 2 | 4,000 | 5,000 | 0.80 | 2 ms | 10 ms | 1.5 ms |"
        )


def test_the_document_has_the_saved_figures() -> None:
    """Both are written together."""
    assert tables(Results.model_validate_json(FIGURES.read_bytes())) in DOCUMENT.read_text(encoding="utf-8")
    assert json.loads(FIGURES.read_bytes())["compared"]
