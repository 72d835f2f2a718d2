"""A second opinion learned from records: what it may see, when it votes, how the vote is scored, what is stored."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import pytest
from pydantic import ValidationError

from advisor.models import Machine, Profile, Python, Range, SideEffects
from benchmarks import opinion_training, second_opinion
from benchmarks.document import renew
from benchmarks.opinion import CONTEXT, CONTRAST, FEATURES, LOOP, Node, Opinion, Scale, answer_of
from benchmarks.opinion_training import (
    ALONE,
    INNER_FOLDS,
    KINDS,
    Pair,
    Question,
    Trained,
    choose,
    complete,
    fit,
    folds,
    leave_one_family_out,
    overlap,
    pairs_of,
    question_of,
    recorded_seconds,
    train,
)
from benchmarks.second_opinion import brier, change, report, score, write
from profiles.outcomes import Outcome, Run

MACHINE = Machine(cores=2, platform="linux", python=Python(version="3.12.4"), source="measured")
NATIVE = Profile(
    calls=50, wall=0.02, gil_held=0.0004, gil_free=0.0196, child_cpu=0.0, wait=0.0, gil_source="observed", switches=0.0
)
HELD = NATIVE.model_copy(update={"gil_held": 0.02, "gil_free": 0.0})
FAMILIES = ("crypto", "files", "images", "numeric", "text", "tiny", "video", "web")


def recorded(
    name: str, profile: Profile = NATIVE, *, threads: float = 1.1, processes: float | None = 1.0, loop: float = 2.0
) -> Outcome:
    """A record of a made-up job of 100 calls: seconds in a plain loop, in 2 threads, in 2 processes."""
    run = Run(strategy="multiprocessing", workers=2, failure="can't pickle")
    return Outcome(
        workload=name,
        calls=100,
        machine=MACHINE,
        profile=profile,
        runs=(
            Run(strategy="sequential", seconds=(loop,)),
            Run(strategy="threading", workers=2, seconds=(threads, threads)),
            run if processes is None else Run(strategy="multiprocessing", workers=2, seconds=(processes,)),
        ),
    )


def biased() -> list[Outcome]:
    """In every family, threads take half as long again as processes where calls switch often, else the other way."""
    often, seldom = NATIVE.model_copy(update={"switches": 20.0}), NATIVE
    return [
        recorded(f"{family}.{wall}{name}", profile.model_copy(update={"wall": NATIVE.wall * wall}), threads=threads)
        for family in FAMILIES
        for wall in (1, 2)
        for name, profile, threads in (("often", often, 1.5), ("seldom", seldom, 0.75))
    ]


def all_pairs(outcomes: Sequence[Outcome]) -> list[Pair]:
    return [pair for outcome in outcomes for pair in pairs_of(outcome)]


def opinion(**weights: float) -> Opinion:
    return Opinion(
        kind="by hand", scales={name: Scale() for name in (*CONTEXT, *CONTRAST)}, weights={"own GIL": 0.0} | weights
    )


FOR_PROCESSES = opinion(**{"own GIL": 5.0})


class TestRecords:
    def test_a_plan_takes_as_long_as_the_recorded_one_most_like_it(self) -> None:
        """The nearest number of workers comes first, then that of calls per task."""
        known = recorded("tiny.clamp")
        more = [Run(strategy="threading", workers=8, chunk=chunk, seconds=(3.0 + chunk,)) for chunk in (1, 9)]
        known = known.model_copy(update={"runs": (*known.runs, *more)})
        plan = LOOP.model_copy(update={"strategy": "threading", "workers": 7, "chunk": 5})
        assert recorded_seconds(known, plan) == 12.0
        assert recorded_seconds(known, plan.model_copy(update={"workers": 3})) == 1.1

    def test_what_cannot_be_done_counts_as_several_plain_loops(self) -> None:
        """The oracle gives a way up after five times the plain loop."""
        plan = LOOP.model_copy(update={"strategy": "multiprocessing", "workers": 2})
        assert recorded_seconds(recorded("tiny.clamp", processes=None), plan) == 10.0

    def test_a_record_that_is_not_complete_is_left_out(self) -> None:
        """An oracle that was stopped leaves ways untried; ways that failed were tried."""
        known = recorded("tiny.clamp", processes=None)
        assert complete(known)
        assert not complete(known.model_copy(update={"runs": (*known.runs, Run(strategy="threading", workers=4))}))


class TestFolds:
    def test_a_family_is_in_one_part_only(self) -> None:
        """Workloads of a family are alike: one of them in training would tell about the other."""
        parts = folds(["web", "web", *FAMILIES, "tiny"], 5)
        assert sorted(name for part in parts for name in part) == sorted(FAMILIES)

    def test_nothing_is_fitted_on_the_family_that_is_foreseen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Neither the model for a family, nor the choice of its scales, nor what calibrates it has seen it."""
        pytest.importorskip("sklearn")
        pairs = all_pairs(biased())
        seen: list[set[str]] = []

        def watched(kind: str, given: Sequence[Pair]) -> Opinion:
            seen.append({pair.family for pair in given})
            return fit(kind, given)

        monkeypatch.setattr(opinion_training, "fit", watched)
        without_web = [pair for pair in pairs if pair.family != "web"]
        train(without_web, "ridge on the residuals, α = 100")
        *inner, whole = seen
        assert whole == {*FAMILIES} - {"web"}
        assert len(inner) == INNER_FOLDS
        held_out = [whole - part for part in inner]
        assert sorted(name for part in held_out for name in part) == sorted(whole)

    def test_each_family_is_foreseen_by_a_model_of_the_others(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Leave one family out, for all families."""
        given: dict[str, set[str]] = {}

        def watched(pairs: Sequence[Pair], kind: str) -> Trained:
            (missing,) = {*FAMILIES} - {pair.family for pair in pairs}
            given[missing] = {pair.family for pair in pairs}
            return Trained(FOR_PROCESSES, 0.0)

        monkeypatch.setattr(opinion_training, "train", watched)
        assert set(leave_one_family_out(all_pairs(biased()), ALONE)) == {*FAMILIES}
        assert all(family not in others for family, others in given.items())


class TestVote:
    def test_the_rival_takes_the_place_where_the_intervals_overlap(self) -> None:
        """Threads and processes are as good as each other for native code, by the cost model."""
        question = question_of(recorded("crypto.a"))
        assert question.loss == pytest.approx(1.1)
        assert question.after(FOR_PROCESSES).loss == 1.0
        assert question.after(opinion(**{"own GIL": -5.0})) is question

    def test_there_is_no_vote_where_the_intervals_lie_apart(self) -> None:
        """Whatever the second opinion is, threads do not compute Python code faster than processes."""
        question = question_of(recorded("tiny.b", HELD, threads=2.2))
        assert question.rival is None
        assert question.after(opinion(**{"own GIL": -5.0})) is question

    def test_a_rival_must_be_surer_than_a_coin(self) -> None:
        """At 60 % it overrules the cost model, at 55 % it does not."""
        question = question_of(recorded("crypto.a"))
        surer, less_sure = (opinion(**{"own GIL": math.log(p / (1 - p))}) for p in (0.61, 0.55))
        assert question.after(surer) is question.rival
        assert question.after(less_sure) is question

    def test_calls_that_write_globals_get_no_vote_for_processes(self) -> None:
        """They were passed over knowingly: each process would have a copy."""
        writes = NATIVE.model_copy(update={"side_effects": SideEffects(globals_written=("a.total",))})
        assert question_of(recorded("crypto.a", writes)).rival is None

    def test_intervals_overlap_when_they_share_a_point(self) -> None:
        """Either way round."""
        one, other = Range(low=1.0, expected=1.5, high=2.0), Range(low=2.0, expected=3.0, high=4.0)
        assert overlap(one, other)
        assert overlap(other, one)
        assert not overlap(one, other.model_copy(update={"low": 2.1}))


class TestScore:
    def test_the_mean_is_geometric_and_a_loop_is_never_slower_than_itself(self) -> None:
        """Losses of 1 and 4 have a mean of 2; the 95th percentile is interpolated."""
        found = score([picked("web.a", 4.0, slower=True), picked("web.b", 1.0)])
        assert found.mean == pytest.approx(2.0)
        assert found.late == pytest.approx(3.85)
        assert found.slower == 1

    def test_a_change_is_the_mean_of_the_logarithms(self) -> None:
        """One of two workloads in each family becomes twice as fast: the mean falls by the square root of 2."""
        before = [picked(f"{family}.{name}", 2.0) for family in FAMILIES for name in "ab"]
        after = [picked(one.workload, 1.0) if one.workload.endswith("a") else one for one in before]
        shift = change(before, after)
        assert shift.mean == pytest.approx(math.sqrt(0.5))
        assert shift.low == pytest.approx(shift.high) == pytest.approx(math.sqrt(0.5))  # all families are alike
        assert (shift.swaps, shift.right, shift.helps) == (8, 8, True)

    def test_families_are_drawn_whole(self) -> None:
        """A gain in one family alone proves nothing: whether it is drawn decides, and the interval says so."""
        before = [picked(f"{family}.{name}", 2.0) for family in FAMILIES for name in "ab"]
        after = [picked(one.workload, 1.0) if one.family == "web" else one for one in before]
        shift = change(before, after)
        assert shift.mean == pytest.approx(2 ** (-1 / 8))
        assert shift.low < shift.mean < shift.high == 1.0
        assert not shift.helps

    def test_brier_score(self) -> None:
        """Mean squared distance between what was said and what came true."""
        assert brier([(0.8, True), (0.6, False)]) == pytest.approx((0.04 + 0.36) / 2)


def picked(workload: str, loss: float, *, slower: bool = False) -> Question:
    return Question(workload, workload.partition(".")[0], loss, slower, attainable=1.0)


class TestTraining:
    def test_what_the_cost_model_does_not_know_is_learned(self) -> None:
        """Made-up records in which threads lose where calls switch often: on unseen families, the vote knows it."""
        pytest.importorskip("sklearn")
        outcomes = biased()
        questions = [question_of(outcome) for outcome in outcomes]
        trained = leave_one_family_out(all_pairs(outcomes), "logistic regression, C = 0.1")
        after = [question.after(trained[question.family].opinion) for question in questions]
        assert score(after).mean == pytest.approx(1.0)
        assert score(questions).mean > 1.1
        assert change(questions, after).helps

    def test_a_kind_that_knows_more_is_chosen(self) -> None:
        """The cost model's own odds foresee nothing in such records, others do."""
        pytest.importorskip("sklearn")
        best = choose(all_pairs(biased()))
        assert best.opinion.kind != ALONE
        assert best.log_loss < math.log(2) / 2

    @pytest.mark.parametrize("kind", KINDS)
    def test_it_does_not_matter_which_is_named_first(self, kind: str) -> None:
        """The probabilities of the one and of the other are 1 together."""
        pytest.importorskip("sklearn")
        pairs = all_pairs(biased())
        model = fit(kind, pairs)
        pair = pairs[2]
        mirrored = {name: -figure for name, figure in pair.differences.items()}
        there, back = model.probability(pair.known, pair.differences), model.probability(pair.known, mirrored)
        assert there + back == pytest.approx(1.0)

    def test_trees_answer_as_those_of_scikit_learn(self) -> None:
        """They are read without it."""
        np = pytest.importorskip("numpy")
        ensemble = pytest.importorskip("sklearn.ensemble")
        rows = np.random.default_rng(1).normal(size=(200, len(FEATURES))).astype("float32")
        gains = rows[:, 0] * rows[:, 1] + 0.1
        _, trees = KINDS["50 boosted trees of depth 2"](rows, gains)
        model = ensemble.GradientBoostingClassifier(n_estimators=50, max_depth=2, min_samples_leaf=10, random_state=0)
        model.fit(rows, gains > 0)
        prior = math.log((gains > 0).mean() / (gains <= 0).mean())
        for row, expected in zip(rows[:20], model.decision_function(rows[:20]), strict=True):
            figures = dict(zip(FEATURES, map(float, row), strict=True))
            margin = prior + sum(answer_of(tree, figures) for tree in trees)
            assert margin == pytest.approx(expected, abs=1e-6)

    def test_the_report_says_what_was_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """With and without the vote, and how far the probabilities can be believed."""
        pytest.importorskip("sklearn")
        two = {kind: KINDS[kind] for kind in (ALONE, "ridge on the residuals, α = 10")}
        monkeypatch.setattr(second_opinion, "KINDS", two)
        said = report(biased())
        assert said.startswith("32 workloads in 8 families")
        assert "| without a vote |" in said
        assert "| **with the vote, kind chosen on the other families** |" in said

    def test_the_document_takes_what_was_found_between_its_marks(self, tmp_path: Path) -> None:
        """What was written around it by hand stays; without marks, nothing is touched."""
        document = tmp_path / "second-opinion.md"
        marks = "<!-- figures: begin -->", "<!-- figures: end -->"
        document.write_text("a\n{}\nold\n{}\nz\n".format(*marks), encoding="utf-8")
        renew(document, "figures", "new")
        assert document.read_text(encoding="utf-8") == "a\n{}\nnew\n{}\nz\n".format(*marks)
        document.write_text("a\n", encoding="utf-8")
        with pytest.raises(ValueError, match="no marks"):
            renew(document, "figures", "new")


class TestStored:
    def test_it_comes_back_as_it_was_written(self, tmp_path: Path) -> None:
        """JSON: names and numbers."""
        written = FOR_PROCESSES.model_copy(update={"trees": ((Node(answer=0.5),),), "slope": 2.0})
        write(written, tmp_path / "opinion.json")
        assert Opinion.model_validate_json((tmp_path / "opinion.json").read_bytes()) == written

    @pytest.mark.parametrize(
        ("broken", "said"),
        [
            ({"weights": {"moon": 1.0}}, "unknown features: moon"),
            ({"scales": {}}, "must name every figure"),
            ({"trees": [[{"feature": "pool", "yes": 0, "no": 0}]]}, "later nodes"),
            ({"trees": [[]]}, "later nodes"),
            ({"trees": [[{"feature": ""}]]}, "unknown features"),
            ({"version": 2}, "version"),
            ({"slope": -1.0}, "slope"),
            ({"code": "print()"}, "code"),
        ],
    )
    def test_what_it_could_not_be_is_refused(self, broken: dict[str, object], said: str) -> None:
        """Unknown names, figures left out, trees that lead round in circles, other versions."""
        whole = json.loads(FOR_PROCESSES.model_dump_json())
        with pytest.raises(ValidationError, match=said):
            Opinion.model_validate_json(json.dumps(whole | broken))
