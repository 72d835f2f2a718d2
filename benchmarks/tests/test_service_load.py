from __future__ import annotations

import json
import random
import shutil
from itertools import islice
from pathlib import Path

import pytest

from advisor.service.schemas import parse_question
from benchmarks import wrk
from benchmarks.questions import HANDFUL, Subject, different, handful
from benchmarks.service_load import (
    Compared,
    Figures,
    Kept,
    Memory,
    Settings,
    is_shared,
    line_of,
    line_of_memory,
    tables,
)
from benchmarks.serving import serving
from benchmarks.wrk import Load, WrkError, parse

SETTINGS = Settings(workers=2, threads=2, connections=8, rounds=5, seconds=4)
OUTPUT = """Running 3s test @ http://127.0.0.1:8000/v1/advice
  1 threads and 8 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.99ms    1.04ms  21.04ms   93.50%
    Req/Sec     4.00k   512.00     4.90k    70.00%
  12000 requests in 3.00s, 60.00MB read
Requests/sec:   4000.00
Transfer/sec:     20.00MB

{"requests":12000,"microseconds":3000000,"p50":1900,"p99":5300,"refused":3,"lost":1,"place":462,"turns":2}
"""


def compared(rate: float, *, journal: bool = False) -> Compared:
    return Compared(
        kind="repeated",
        journal=journal,
        subject="profiles",
        settings=SETTINGS,
        service=Figures(rate=rate, p50=0.002, p99=0.0105, cpu=0.0004),
        bare=Figures(rate=5000, p50=0.0015, p99=0.005, cpu=0.0003),
        ratio=rate / 5000,
    )


class TestWrk:
    def test_its_last_line_is_read(self) -> None:
        """Seconds, not microseconds; the rate is what was answered in the time that it took."""
        found = parse(OUTPUT)
        assert found == Load(requests=12000, seconds=3.0, p50=0.0019, p99=0.0053, refused=3, lost=1, place=462, turns=2)
        assert found.rate == 4000

    @pytest.mark.parametrize("output", ["", "unable to connect to 127.0.0.1:1 Connection refused"])
    def test_what_is_no_answer_is_told(self, output: str) -> None:
        """Whatever it said instead is in the message."""
        with pytest.raises(WrkError, match=output or "did not say"):
            parse(output)

    def test_a_missing_one_is_told(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """With the package that has it."""
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(WrkError, match="wrk is not installed: it is the package wrk"):
            wrk.load("http://127.0.0.1:1", tmp_path / "bodies", connections=1, seconds=1)

    @pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
    def test_the_bodies_are_posted_in_turn(self, tmp_path: Path) -> None:
        """On the bare view under a real server: it refuses a body that is no question, and takes the others."""
        bodies = tmp_path / "bodies"
        bodies.write_bytes(b"".join(body + b"\n" for body in handful("profiles")))
        with serving("bare view", workers=1, threads=1) as server:
            found = wrk.load(f"{server.url}/v1/advice", bodies, connections=2, seconds=1)
            assert found.requests > 0
            assert (found.refused, found.lost) == (0, 0)
            assert 0 < found.place <= bodies.stat().st_size
            bodies.write_bytes(b'{"wish": 1}\n')
            refused = wrk.load(f"{server.url}/v1/advice", bodies, connections=2, seconds=1)
            assert refused.refused == refused.requests > 0
            assert server.memory() > 1_000_000
        assert not server.process.is_running()


class TestQuestions:
    @pytest.mark.parametrize("subject", ["descriptions", "profiles"])
    def test_each_can_be_answered(self, subject: Subject) -> None:
        """And no two are alike."""
        found = list(islice(different(subject, random.Random(2)), 300))
        assert len(set(found)) == len(found)
        for body in found:
            parse_question(body)

    def test_a_handful_is_always_the_same(self) -> None:
        """So that it can be asked again and again."""
        assert handful("descriptions") == handful("descriptions")
        assert len(set(handful("descriptions"))) == HANDFUL


class TestReport:
    def test_what_is_new_replaces_what_was_measured_of_the_same(self) -> None:
        """The pieces may be measured one by one."""
        old = Kept(compared=[compared(3000), compared(2000, journal=True)])
        assert old.with_(Kept(compared=[compared(4000)])).compared == [compared(4000), compared(2000, journal=True)]
        assert Kept.model_validate_json(old.model_dump_json()) == old

    def test_lines(self) -> None:
        """As README quotes them."""
        assert line_of(compared(4000)) == (
            "profiles, repeated: 4,000 requests/s, 0.80 of a bare view's 5,000; "
            "p50 2 ms (bare 1.5 ms), p99 10 ms (bare 5 ms)"
        )

    def test_a_run_counts_where_every_worker_took_part(self) -> None:
        """How connections fall to them is luck, and no figure of either side."""
        assert is_shared([1.9, 1.6])
        assert is_shared([2.0])
        assert not is_shared([2.3, 0.1])
        assert not is_shared([2.0, 2.0, 0.0])

    def test_memory_is_flat_when_it_no_longer_grows(self) -> None:
        """What caches take at first is no leak; the second half is what counts."""
        counts = [0, 30_000, 60_000, 100_000]
        flat = Memory(journal=False, settings=SETTINGS, requests=counts, bytes=[100, 150, 200, 204])
        grows = flat.model_copy(update={"bytes": [100, 150, 200, 220]})
        assert flat.growth == pytest.approx(0.02)
        assert line_of_memory(flat).endswith("after 100,000 requests; over the second half +2.0%: flat")
        assert line_of_memory(grows).endswith("+10.0%: NOT flat")

    def test_tables(self) -> None:
        """Every row has as many cells as its head."""
        seen = Memory(journal=True, settings=SETTINGS, requests=[0, 10], bytes=[2_000_000, 3_000_000])
        lines = tables(Kept(compared=[compared(4000)], memory=[seen])).splitlines()
        widths = [line.count("|") for line in lines if line]
        assert widths == [15] * 3 + [5] * 4
        assert lines[2].startswith(
            "| repeated | off | profiles | 5 × 4 s | 2 × 2 | 4,000 | 5,000 | 0.80 | 2 ms | 10 ms | 1.5 ms |"
        )


def test_the_kept_figures_are_those_in_the_document() -> None:
    """Both are written at once."""
    from benchmarks.service_load import DOCUMENT, KEPT

    assert tables(Kept.model_validate_json(KEPT.read_bytes())) in DOCUMENT.read_text(encoding="utf-8")
    assert json.loads(KEPT.read_bytes())["compared"]
