"""Write the results of the benchmark of clusters as tables and sentences."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

from benchmarks.cluster_records import BAND, CLOSE, Comparison, Disturbed, LayoutTrial, Results
from benchmarks.tables import markdown

PAYS = {True: "yes", False: "no", None: "close"}


def document(results: Results) -> str:
    """Return all tables and summaries."""
    parts = [results.conditions]
    if results.comparisons:
        parts += [comparison_table(results.comparisons), comparison_summary(results.comparisons)]
    if results.layouts:
        parts += [layout_table(results.layouts), layout_summary(results.layouts)]
    if results.disturbed:
        parts += [fault_table(results.disturbed), fault_summary(results.disturbed)]
    return "\n\n".join(parts)


# Predictions


def comparison_table(comparisons: Iterable[Comparison]) -> str:
    columns = (
        "workload, cluster",
        "calls",
        "predicted, s",
        "measured, s",
        "error",
        "local: predicted, s",
        "`advisor.map`, s",
        "loop, s",
        "the cluster pays",
        "advised",
    )
    return markdown(columns, map(_comparison_row, sorted(comparisons, key=lambda each: (each.workload, each.setup))))


def _comparison_row(seen: Comparison) -> tuple[str, ...]:
    name = f"{seen.workload}, {seen.setup}"
    if seen.failure or seen.predicted is None:
        return (name, str(seen.calls), seen.failure, *[""] * 7)
    advised = seen.advised if seen.is_right else f"**{seen.advised}**"
    return (
        *(name, str(seen.calls), f"{seen.predicted.expected:.2f}", f"{seen.seconds:.2f}", f"{seen.error:+.0%}"),
        *(f"{seen.predicted_local:.2f}", f"{statistics.median(seen.with_map):.2f}"),
        *(f"{statistics.median(seen.in_loop):.2f}", PAYS[seen.pays], advised),
    )


def comparison_line(seen: Comparison) -> str:
    """Return a comparison in one line."""
    if seen.failure or seen.predicted is None:
        return f"{seen.workload}, {seen.setup}: {seen.failure}"
    return (
        f"{seen.workload}, {seen.setup}: {seen.seconds:.2f} s, predicted {seen.predicted.expected:.2f} s; here "
        f"{seen.local_seconds:.2f} s, predicted {seen.predicted_local:.2f} s; pays: {PAYS[seen.pays]}, "
        f"advised: {seen.advised}"
    )


def comparison_summary(comparisons: Sequence[Comparison]) -> str:
    """Return the errors and the share of right verdicts, for each cluster and for all."""
    names = dict.fromkeys(each.setup for each in comparisons)
    rows = [_summary_row(name, [each for each in comparisons if each.setup == name]) for name in names]
    columns = (
        "cluster",
        "workloads",
        "failed",
        "median error",
        "within the interval",
        "median error of local ways",
        f"pays or not, beyond {BAND - 1:.0%} of break-even",
        "of which it pays",
    )
    return markdown(columns, [*rows, _summary_row("all", comparisons)])


def _summary_row(name: str, comparisons: Sequence[Comparison]) -> tuple[str, ...]:
    done = [each for each in comparisons if each.predicted is not None and not each.failure]
    clear = [each for each in done if each.pays is not None]
    figures = (
        (
            f"{statistics.median(abs(each.error) for each in done):.1%}",
            f"{statistics.fmean(each.is_inside for each in done):.0%}",
            f"{statistics.median(abs(each.local_error) for each in done):.1%}",
        )
        if done
        else ("", "", "")
    )
    right = f"{sum(each.is_right for each in clear)} of {len(clear)} right"
    pays = str(sum(bool(each.pays) for each in clear))
    return (name, str(len(comparisons)), str(len(comparisons) - len(done)), *figures, right, pays)


# Layouts


def layout_table(trials: Sequence[LayoutTrial]) -> str:
    layouts = sorted({layout for trial in trials for layout in trial.seconds}, key=_in_order)
    columns = ("workload", "advised", *(f"{layout}, s" for layout in layouts), "best", "advised over best")
    return markdown(columns, [_layout_row(trial, layouts) for trial in trials])


def _in_order(layout: str) -> tuple[int, int]:
    processes, threads = map(int, layout.split(" × "))
    return processes * threads, processes


def _layout_row(trial: LayoutTrial, layouts: Sequence[str]) -> tuple[str, ...]:
    if trial.failure:
        return (trial.workload, trial.failure, *[""] * (len(layouts) + 2))
    seconds = [f"{trial.median(layout):.2f}" if layout in trial.seconds else "" for layout in layouts]
    return (trial.workload, trial.advised, *seconds, trial.best, f"{trial.loss:.2f}")


def layout_line(trial: LayoutTrial) -> str:
    """Return the layouts of a workload in one line."""
    if trial.failure:
        return f"{trial.workload}: {trial.failure}"
    seconds = ", ".join(f"{layout}: {trial.median(layout):.2f} s" for layout in trial.seconds)
    return f"{trial.workload}: {seconds}; advised {trial.advised}: {trial.loss:.2f} times the best"


def layout_summary(trials: Sequence[LayoutTrial]) -> str:
    done = [trial for trial in trials if not trial.failure]
    if not done:
        return "No layout was measured."
    good = sum(trial.loss <= CLOSE for trial in done)
    default = [trial for trial in done if trial.dask_default in trial.seconds]
    losses = [trial.median(trial.dask_default) / trial.median(trial.best) for trial in default]
    beside = ""
    if losses:
        close = sum(loss <= CLOSE for loss in losses)
        beside = f" Dask's own rule: {close} of {len(losses)}, at worst {max(losses):.2f} times."
    worst = max(done, key=lambda trial: trial.loss)
    return (
        f"The advised layout is within {CLOSE - 1:.0%} of the best measured one for {good} of {len(done)} workloads; "
        f"at worst it takes {worst.loss:.2f} times as long ({worst.workload}).{beside}"
    )


# Faults


def fault_table(disturbed: Iterable[Disturbed]) -> str:
    columns = (
        "fault",
        "calls",
        "missing",
        "wrong",
        "failed as they had to",
        "acknowledged before",
        "of them made again",
        "calls made twice or more",
        "s",
        "s without the fault",
        "ended by",
    )
    return markdown(columns, map(_fault_row, disturbed))


def _fault_row(seen: Disturbed) -> tuple[str, ...]:
    counts = (seen.calls, seen.missing, seen.wrong)
    return (
        *(f"{seen.engine}: {seen.fault}", *map(str, counts), f"{seen.failures} of {seen.had_to_fail}"),
        *map(str, (seen.acknowledged, seen.made_again, seen.repeated)),
        *(f"{seen.seconds:.1f}", f"{seen.quiet_seconds:.1f}", seen.ending),
    )


def fault_line(seen: Disturbed) -> str:
    """Return a disturbed job in one line."""
    return (
        f"{seen.engine}, {seen.fault}: {seen.missing} missing, {seen.wrong} wrong, {seen.made_again} of "
        f"{seen.acknowledged} made again, {seen.seconds:.1f} s instead of {seen.quiet_seconds:.1f} s"
        + (f"; continued after: {seen.ending}" if seen.ending else "")
    )


def fault_summary(disturbed: Sequence[Disturbed]) -> str:
    right = sum(each.is_right for each in disturbed)
    lost = sum(each.made_again for each in disturbed)
    acknowledged = sum(each.acknowledged for each in disturbed)
    return (
        f"{right} of {len(disturbed)} disturbed jobs ended with every result there and right; of {acknowledged} "
        f"results that had arrived before the faults, {lost} were computed again."
    )
