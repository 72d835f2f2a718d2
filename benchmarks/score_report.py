"""Write the score from finished trials: docs/score.md, docs/score.svg and a table in docs/evidence.md."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from advisor.report.atomic_write import atomic_write
from benchmarks.document import renew
from benchmarks.tables import markdown
from benchmarks.trials import ADVISOR, LOOP, ORACLE, Accuracy, Standing, Trial, accuracy, standings

ROOT: Final = Path(__file__).resolve().parent.parent
INK, MUTED, ACCENT, FLOOR = "#24292f", "#8c959f", "#0969da", "#1a7f37"


def write(trials: Sequence[Trial]) -> str:
    """Write the files of the report and return its summary."""
    if not trials:
        return "no trials yet"
    summary = "\n\n".join(
        (markdown(_STANDING_COLUMNS, map(_standing_row, standings(trials))), _accuracy_text(accuracy(trials)))
    )
    _replace(ROOT / "docs" / "score.md", _document(trials, summary))
    _draw(trials, ROOT / "docs" / "score.svg")
    renew(ROOT / "docs" / "evidence.md", "score", summary)
    return summary


_STANDING_COLUMNS: Final = (
    "rule",
    "pick/best, geometric mean",
    "95th percentile",
    "worst",
    "within 10 %",
    "slower than the plain loop",
    "failed",
)


def _standing_row(standing: Standing) -> tuple[str, ...]:
    name = f"**{standing.who}**" if standing.who == ADVISOR else standing.who
    figures = (
        f"{standing.mean:.3f}",
        f"{standing.p95:.2f}",
        f"{standing.worst:.2f}",
        f"{standing.close:.0%}".replace("%", " %"),
    )
    return (name, *figures, str(standing.slower), str(standing.failed))


def _accuracy_text(seen: Accuracy) -> str:
    return (
        f"Median error of the predicted speed-up {_percent(seen.error)} ({_percent(seen.pooled_error)} without those "
        f"advised to keep the plain loop). Of {seen.count} measured speed-ups, {_percent(seen.inside)} lie inside the "
        f"predicted 90 % interval ({_percent(seen.picks_inside)} of the picks; an interval's ends are "
        f"{seen.width:.2f}× apart at the median). Time to advice: {seen.seconds:.1f} s at the median, "
        f"{seen.slowest:.1f} s at most."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


_TRIAL_COLUMNS: Final = (
    "workload",
    "advice",
    "s",
    "best",
    "s",
    "plain loop, s",
    "pick/best",
    "predicted",
    "measured",
)


def _trial_row(trial: Trial) -> tuple[str, ...]:
    pick, best, loop = trial.of(ADVISOR), trial.best, trial.of(LOOP)
    predicted = pick.predicted
    interval = f"{predicted.expected:.2f}× ({predicted.low:.2f}–{predicted.high:.2f})" if predicted else ""
    done = not pick.failure
    return (
        trial.workload,
        pick.plan,
        f"{pick.median:.2f}" if done else "failed",
        best.plan,
        f"{best.median:.2f}",
        f"{loop.median:.2f}",
        f"{trial.loss(ADVISOR):.2f}",
        interval,
        f"{trial.measured(pick):.2f}×" if done else "",
    )


def _document(trials: Sequence[Trial], summary: str) -> str:
    ordered = sorted(trials, key=lambda trial: trial.workload)
    return (
        "# The score of every workload\n\n"
        "Written by `python -m benchmarks.score`. [Evidence](evidence.md#is-the-advice-right) says how it was "
        f"measured. “{ORACLE.capitalize()}” is the floor that noise leaves.\n\n"
        f"![pick/best of each rule on every workload](score.svg)\n\n{summary}\n\n"
        f"{markdown(_TRIAL_COLUMNS, map(_trial_row, ordered))}\n"
    )


def _replace(path: Path, text: str) -> None:
    with atomic_write(path) as file:
        file.write_text(text, encoding="utf-8")


def _draw(trials: Sequence[Trial], path: Path) -> None:
    """Draw a strip for each rule with a dot for each workload: pick/best."""
    from matplotlib.figure import Figure

    ranks = standings(trials)
    figure = Figure(figsize=(9, 0.62 * len(ranks) + 1.1), layout="constrained")
    axes = figure.add_subplot()
    for row, standing in enumerate(reversed(ranks)):
        losses = sorted(trial.loss(standing.who) for trial in trials if trial.has(standing.who))
        done = [loss for loss in losses if loss < math.inf]
        colour = {ADVISOR: ACCENT, ORACLE: FLOOR}.get(standing.who, MUTED)
        # The dots of a strip alternate above and below its line, so that equal values remain visible.
        heights = [row + 0.09 * ((index % 5) - 2) for index in range(len(done))]
        axes.scatter(done, heights, s=16, color=colour, alpha=0.6, linewidths=0)
        axes.plot([standing.mean] * 2, [row - 0.32, row + 0.32], color=colour, linewidth=2.5)
        failed = f", {standing.failed} failed" if standing.failed else ""
        axes.annotate(
            f"{standing.mean:.2f}{failed}", (1.005, row), xycoords=("axes fraction", "data"), va="center", color=INK
        )
    axes.set_yticks(range(len(ranks)), [standing.who for standing in reversed(ranks)])
    axes.set_xscale("log")
    ticks = [1, 1.5, 2, 3, 5, 10, 20, 50, 100]
    top = max(standing.worst for standing in ranks)
    shown = [tick for tick in ticks if tick <= 1.3 * top]
    axes.set_xticks(shown, [f"{tick:g}×" for tick in shown])
    axes.xaxis.minorticks_off()
    axes.set_xlim(0.97, 1.15 * top)
    axes.set_xlabel("seconds of the pick / seconds of the best way (bar: geometric mean)", color=INK)
    axes.grid(axis="x", color="#d0d7de", linewidth=0.6)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    with atomic_write(path) as file:
        figure.savefig(file, format="svg", metadata={"Date": None})
