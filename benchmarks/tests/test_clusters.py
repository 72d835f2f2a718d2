"""The benchmark of clusters: what follows from measured seconds, and which runs are made."""

from __future__ import annotations

from pathlib import Path

import pytest

from advisor.models import Cluster, Profile, Range
from benchmarks import cluster_predictions, clusters
from benchmarks.cluster_cases import WORKLOADS
from benchmarks.cluster_faults import Ended, count
from benchmarks.cluster_faulty_jobs import CALLS, POISONED
from benchmarks.cluster_layouts import splits, waits
from benchmarks.cluster_predictions import SETUPS, Runs, Setup, Way, compare
from benchmarks.cluster_records import Comparison, LayoutTrial, Results, load_results, save_results
from benchmarks.cluster_report import comparison_summary, document, fault_line, layout_summary, layout_table
from benchmarks.local_clusters import Layout
from profiles.job import JobError

HERE = Setup("Dask, here", "dask", Layout(2, 1))
AWAY = Setup("Dask, away", "dask", Layout(2, 1), round_trip=0.02, client_cores=1)
DARTS = next(workload for workload in WORKLOADS if workload.name == "pi_darts")


def comparison(on_cluster: float, local: float, *, advised: str = "cluster", predicted: float = 2.0) -> Comparison:
    return Comparison(
        workload="pi_darts",
        setup=HERE.name,
        calls=200,
        predicted=Range(low=predicted / 2, expected=predicted, high=2 * predicted),
        predicted_local=2.5,
        advised=advised,
        on_cluster=(on_cluster,),
        with_map=(local,),
        in_loop=(2 * local,),
    )


class TestComparison:
    @pytest.mark.parametrize(
        ("on_cluster", "local", "advised", "pays", "is_right"),
        [
            (1.0, 2.0, "cluster", True, True),
            (1.0, 2.0, "threading", True, False),
            (2.0, 1.0, "cluster", False, False),
            (2.0, 1.0, "sequential", False, True),
            (1.0, 1.1, "sequential", None, True),
            (1.1, 1.0, "cluster", None, True),
        ],
    )
    def test_the_advice_is_right_or_close(
        self, on_cluster: float, local: float, advised: str, pays: bool | None, is_right: bool
    ) -> None:
        """Within 15 % of break-even any advice is right."""
        seen = comparison(on_cluster, local, advised=advised)
        assert (seen.pays, seen.is_right) == (pays, is_right)

    def test_errors_are_relative_to_the_measured_seconds(self) -> None:
        """The faster of the local ways counts."""
        seen = comparison(1.6, 2.0)
        assert [seen.error, seen.local_error, seen.local_seconds] == pytest.approx([0.25, 0.25, 2.0])
        assert seen.is_inside

    def test_the_summary_counts_the_clear_cases(self) -> None:
        """Close ones and failures do not count as right or wrong."""
        failed = Comparison(workload="collatz", setup=HERE.name, calls=1, failure="no end within 60 s")
        seen = [comparison(1.0, 2.0), comparison(1.0, 2.0, advised="threading"), comparison(1.0, 1.0), failed]
        assert comparison_summary(seen).splitlines()[-1] == (
            "| all | 4 | 1 | 100.0% | 100% | 25.0% | 1 of 2 right | 2 |"
        )


class TestRuns:
    def test_runs_are_repeated_while_they_are_close(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A cluster that is clearly slower runs once; one near break-even three times, in alternating order."""
        made: list[Way] = []

        def seconds_of(workload: object, way: Way, target: object) -> float:
            made.append(way)
            return {"loop": 4.0, "map": 2.0, "cluster": 2.1 if way.setup == HERE.name else 9.0}[way.kind]

        monkeypatch.setattr(cluster_predictions, "seconds_of", seconds_of)
        predicted = {setup: Comparison(workload="pi_darts", setup=setup.name, calls=200) for setup in (HERE, AWAY)}
        here, away = Runs(DARTS, {}, predicted).measure(3)
        assert (here.on_cluster, here.with_map, here.in_loop) == ((2.1,) * 3, (2.0,) * 3, (4.0,) * 3)
        assert (away.on_cluster, away.with_map) == ((9.0,), (2.0,))
        assert away.in_loop == (4.0,) * 3  # shared
        kinds = ["loop", "map", "cluster"]
        assert [way.kind for way in made] == [*kinds, "map", "cluster", *reversed(kinds), *kinds]

    def test_a_failure_is_part_of_the_result(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A way that fails is not tried again, and the comparison says why."""
        made: list[Way] = []

        def seconds_of(workload: object, way: Way, target: object) -> float:
            made.append(way)
            if way.kind == "cluster":
                raise JobError("no end within 60 s")
            return 1.0

        monkeypatch.setattr(cluster_predictions, "seconds_of", seconds_of)
        predicted = {HERE: Comparison(workload="pi_darts", setup=HERE.name, calls=200)}
        assert [seen.failure for seen in Runs(DARTS, {}, predicted).measure(3)] == ["no end within 60 s"]
        assert len(made) == 3

    def test_known_comparisons_are_left_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """With nothing left to do the function is not even measured."""
        monkeypatch.setattr(cluster_predictions, "measured_profile", lambda workload: pytest.fail("measured"))
        assert list(compare(DARTS, {HERE: None}, rounds=1, known=[HERE.name])) == []  # type: ignore[dict-item]

    def test_a_job_over_a_slow_network_has_fewer_calls(self) -> None:
        """Make a tenth of 200 calls with 3 MB each, which would take about a minute."""
        profile = Profile(calls=9, wall=0.01, gil_held=0.01, argument_bytes=3_000_000, result_bytes=100)
        costs = Cluster(engine="dask", workers=2, cores=2, byte_seconds=8e-8, source="measured")
        seen = cluster_predictions.predict(DARTS, AWAY, profile, costs)
        assert seen.predicted is not None
        assert 0 < seen.calls < 50
        assert seen.predicted.expected < cluster_predictions.LONGEST


class TestLayouts:
    def test_splits_use_all_threads(self) -> None:
        """Every split has as many threads."""
        assert list(map(str, splits(8))) == ["1 × 8", "2 × 4", "4 × 2", "8 × 1"]

    def test_calls_that_mostly_wait_get_more_threads(self) -> None:
        """Half of the time is the limit."""
        assert waits(Profile(calls=9, wall=0.010, wait=0.006, gil_held=0.004))
        assert not waits(Profile(calls=9, wall=0.010, wait=0.004, gil_held=0.006))

    def test_the_advised_layout_is_compared_with_the_best(self) -> None:
        """The medians count."""
        trials = [
            LayoutTrial(
                workload="pi_darts",
                advised="2 × 1",
                dask_default="1 × 2",
                seconds={"1 × 2": (3.0,), "2 × 1": (1.4, 1.5, 9.0)},
            ),
            LayoutTrial(
                workload="collatz", advised="1 × 2", dask_default="1 × 2", seconds={"1 × 2": (1.2,), "2 × 1": (1.0,)}
            ),
            LayoutTrial(workload="geocoding", advised="", dask_default="", failure="no layout is advised"),
        ]
        assert layout_table(trials).splitlines()[2:] == [
            "| pi_darts | 2 × 1 | 3.00 | 1.50 | 2 × 1 | 1.00 |",
            "| collatz | 1 × 2 | 1.20 | 1.00 | 2 × 1 | 1.20 |",
            "| geocoding | no layout is advised |  |  |  |  |",
        ]
        assert layout_summary(trials) == (
            "The advised layout is within 10% of the best measured one for 1 of 2 workloads; at worst it takes 1.20 "
            "times as long (collatz). Dask's own rule: 0 of 2, at worst 2.00 times."
        )


class TestFaults:
    @staticmethod
    def _folder(tmp_path: Path, outcomes: dict[int, str], calls: list[tuple[int, float]]) -> Path:
        (tmp_path / "notes").write_text("".join(f"{index} {outcome}\n" for index, outcome in outcomes.items()))
        (tmp_path / "log").write_text("".join(f"{index} 77 {began}\n" for index, began in calls))
        return tmp_path

    def test_everything_is_there(self, tmp_path: Path) -> None:
        """Calls that were in flight may be made again; those whose results had arrived may not."""
        calls = [(index, 10.0) for index in range(CALLS)] + [(150, 20.0)]
        folder = self._folder(tmp_path, dict.fromkeys(range(CALLS), "ok"), calls)
        first = Ended(4.0, "", fault_at=15.0, acknowledged=frozenset(range(100)))
        seen = count("dask", "worker killed", folder, first, 4.0, 3.0)
        assert (seen.is_right, seen.repeated, seen.made_again, seen.acknowledged) == (True, 1, 0, 100)
        again = self._folder(tmp_path, dict.fromkeys(range(CALLS), "ok"), [*calls, (50, 20.0)])
        seen = count("dask", "worker killed", again, first, 4.0, 3.0)
        assert (seen.is_right, seen.made_again) == (False, 1)
        assert fault_line(seen) == (
            "dask, worker killed: 0 missing, 0 wrong, 1 of 100 made again, 4.0 s instead of 3.0 s"
        )

    def test_the_poisoned_call_alone_fails(self, tmp_path: Path) -> None:
        """A failure of another call is wrong, and so is a result of the poisoned one."""
        outcomes = dict.fromkeys(range(CALLS), "ok") | {POISONED: "WorkerError"}
        folder = self._folder(tmp_path, outcomes, [])
        first = Ended(4.0, "")
        assert count("ray", "poisoned call", folder, first, 4.0, 3.0).is_right
        wrong = self._folder(tmp_path, outcomes | {5: "WorkerError"}, [])
        assert count("ray", "poisoned call", wrong, first, 4.0, 3.0).wrong == 1
        none = self._folder(tmp_path, dict.fromkeys(range(CALLS - 1), "ok"), [])
        seen = count("ray", "poisoned call", none, first, 4.0, 3.0)
        assert (seen.missing, seen.wrong, seen.failures) == (1, 1, 0)


class TestResults:
    def test_results_are_continued_under_the_same_conditions(self, tmp_path: Path) -> None:
        """A result replaces that of the same workload and cluster; other versions begin anew."""
        file = tmp_path / "clusters.json"
        results = Results(conditions="2 cores").plus(comparison(1.0, 2.0)).plus(comparison(3.0, 2.0))
        assert [seen.seconds for seen in results.comparisons] == [3.0]
        save_results(results, file)
        assert load_results("2 cores", file) == results
        assert load_results("4 cores", file).comparisons == ()
        assert document(results).startswith("2 cores\n\n| workload, cluster |")

    def test_quick_takes_every_second_workload(self) -> None:
        """Workloads that are named are taken all."""
        assert len(clusters.chosen([], quick=True)) == len(WORKLOADS) / 2
        assert [each.name for each in clusters.chosen(["pi_darts"], quick=True)] == ["pi_darts"]
        with pytest.raises(LookupError, match="no such workload: golf"):
            clusters.chosen(["golf"], quick=False)

    def test_set_ups_have_names_of_their_own(self) -> None:
        """Results are stored by these names."""
        assert len({setup.name for setup in SETUPS}) == len(SETUPS)
