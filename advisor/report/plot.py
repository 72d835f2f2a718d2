"""Predicted speed-up curves as PNG or SVG, drawn with matplotlib (the extra `plot`)."""

from __future__ import annotations

import importlib.util
import os
import textwrap
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from advisor.errors import MissingExtraError, UsageError
from advisor.models import Advice, Alternative, Estimate, Strategy
from advisor.models.strategies import STRATEGIES
from advisor.report.atomic_write import atomic_write, check, reported_as_usage_error
from advisor.report.formatting import count, counted, duration, times, workers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg")
LINEAR_UP_TO = 16  # workers; beyond, a linear axis would squeeze the small numbers together

_MAX_MARKERS = 12  # on one curve
_GREY = "#555555"


def check_plot(path: str | os.PathLike[str]) -> None:
    """Raise the errors of `save_plot` that can be known before a measurement."""
    file = Path(path)
    if file.suffix.lower() not in FORMATS:
        raise UsageError(f"--plot {file}: the name must end in .png or .svg")
    if not file.absolute().parent.is_dir():
        raise UsageError(f"--plot {file}: there is no folder {file.parent}")
    if importlib.util.find_spec("matplotlib") is None:
        raise MissingExtraError("--plot", "plot")
    with reported_as_usage_error(path):
        check(file)


def save_plot(advice: Advice, estimates: Sequence[Estimate], path: str | os.PathLike[str]) -> None:
    """Draw the speed-up of every strategy over its workers, and write it to `path` atomically."""
    check_plot(path)
    try:
        import matplotlib
    except ImportError as error:
        raise MissingExtraError("--plot", "plot") from error
    # A dollar sign in a name starts no formula, and a character that the font lacks needs no warning.
    settings = matplotlib.rc_context({"font.size": 10, "svg.fonttype": "none", "text.parse_math": False})
    with settings, warnings.catch_warnings(action="ignore", category=UserWarning):
        figure = _draw(advice, estimates)
        with reported_as_usage_error(path), atomic_write(Path(path)) as file:
            # Without a date, the same advice gives the same file.
            metadata = {"Date": None} if file.suffix.lower() == ".svg" else {}
            figure.savefig(file, dpi=150, metadata=metadata)


def _draw(advice: Advice, estimates: Sequence[Estimate]) -> Figure:
    # Without pyplot: no display and no global state.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.add_subplot()
    sequential = _sequential_seconds(advice, estimates)
    curves = _curves(estimates)
    for strategy, curve in curves.items():
        _draw_curve(axes, strategy, curve, sequential)
    _draw_parity(axes)
    _set_worker_axis(axes, [estimate.workers for curve in curves.values() for estimate in curve])
    _set_speedup_axis(axes, [sequential / estimate.seconds.expected for curve in curves.values() for estimate in curve])
    _draw_cores(axes, advice.machine.cores)
    _draw_choice(axes, advice)
    _list_infeasible(axes, estimates, curves)
    _title(axes, advice, sequential)
    figure.legend(loc="outside lower left", ncols=3, frameon=False)
    return figure


def _sequential_seconds(advice: Advice, estimates: Sequence[Estimate]) -> float:
    """Return the seconds of the job without concurrency, the base of every speed-up."""
    timed: list[Estimate | Alternative] = [*estimates, *advice.alternatives]
    for estimate in timed:
        if estimate.strategy == "sequential" and estimate.seconds is not None and estimate.seconds.expected > 0:
            return estimate.seconds.expected
    raise UsageError("--plot: without a time for the plain loop there is no speed-up to draw")


def _curves(estimates: Sequence[Estimate]) -> dict[Strategy, list[Estimate]]:
    """Group the feasible estimates by strategy, in order of workers. The plain loop is the line at 1×, not a curve."""
    curves: dict[Strategy, list[Estimate]] = {}
    for estimate in sorted(estimates, key=lambda estimate: estimate.workers):
        if estimate.feasible and estimate.strategy != "sequential" and estimate.seconds.low > 0:
            curves.setdefault(estimate.strategy, []).append(estimate)
    return curves


def _draw_curve(axes: Axes, strategy: Strategy, curve: Sequence[Estimate], sequential: float) -> None:
    workers = [estimate.workers for estimate in curve]
    low = [sequential / estimate.seconds.high for estimate in curve]
    high = [sequential / estimate.seconds.low for estimate in curve]
    expected = [sequential / estimate.seconds.expected for estimate in curve]
    info = STRATEGIES[strategy]
    axes.fill_between(workers, low, high, color=info.colour, alpha=0.15, linewidth=0)
    axes.plot(
        workers,
        expected,
        color=info.colour,
        linewidth=2,
        marker=info.marker,
        markersize=4,
        markevery=max(1, len(workers) // _MAX_MARKERS),
        label=strategy,
    )


def _draw_parity(axes: Axes) -> None:
    axes.axhline(1, color=_GREY, linewidth=1.2, linestyle=(0, (4, 3)), label="sequential", zorder=1)


def _set_worker_axis(axes: Axes, workers: Sequence[int]) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    highest = max(workers, default=2)
    if highest > LINEAR_UP_TO:
        axes.set_xscale("log", base=2)
        ticks = [2**power for power in range(highest.bit_length())]
        ticks += [highest] if highest > 1.3 * ticks[-1] else []
        axes.set_xlim(0.93, highest * 1.08)
    else:
        ticks = list(range(1, highest + 1))
        axes.set_xlim(0.8, highest + 0.2)
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: count(round(tick))))
    axes.set_xlabel("workers (threads, processes or tasks)")


def _set_speedup_axis(axes: Axes, expected: Sequence[float]) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.set_ylim(0, max(1.6, *expected, 0.0) * 1.25)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:g}×"))
    axes.set_ylabel("speed-up over sequential")
    axes.grid(axis="y", color="#e4e4e4", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_cores(axes: Axes, cores: int) -> None:
    if cores > axes.get_xlim()[1]:
        return
    axes.axvline(cores, color="#999999", linewidth=1, linestyle=":", zorder=1)
    axes.annotate(
        f" {counted(cores, 'core')}",
        (cores, 1),
        xycoords=("data", "axes fraction"),
        va="top",
        color=_GREY,
        fontsize=9,
    )


def _draw_choice(axes: Axes, advice: Advice) -> None:
    if advice.recommendation == "undecided" or advice.speedup is None:
        return
    speedup = advice.speedup.expected
    colour = STRATEGIES[advice.recommendation].colour
    axes.plot([advice.workers], [speedup], marker="*", markersize=18, color=colour, markeredgecolor="black", zorder=5)
    side = _nearest_edge(axes, advice.workers)
    axes.annotate(
        f"{workers(advice.recommendation, advice.workers)}: {times(speedup)}",
        (advice.workers, speedup),
        xytext=({"left": -8, "center": 0, "right": 8}[side], 22),
        textcoords="offset points",
        ha=side,
        weight="bold",
        bbox={"boxstyle": "round,pad=0.25", "facecolor": "white", "edgecolor": "none", "alpha": 0.85},
        zorder=6,
    )


def _nearest_edge(axes: Axes, workers: int) -> Literal["left", "center", "right"]:
    """Return the edge of the plot that a label centred at `workers` might cross."""
    to_screen = axes.transScale + axes.transLimits
    across = float(to_screen.transform((workers, 0))[0])
    return "left" if across < 0.25 else "right" if across > 0.75 else "center"


def _list_infeasible(axes: Axes, estimates: Sequence[Estimate], curves: dict[Strategy, list[Estimate]]) -> None:
    """Add an entry without a line to the legend for each strategy that is feasible with no number of workers."""
    infeasible = dict.fromkeys(
        estimate.strategy for estimate in estimates if estimate.strategy not in (*curves, "sequential")
    )
    for strategy in infeasible:
        axes.plot([], [], " ", label=f"{strategy}: not possible")


def _title(axes: Axes, advice: Advice, sequential: float) -> None:
    subject = (advice.profile.target if advice.profile else None) or "the described job"
    title = f"{subject}: predicted speed-up, {counted(advice.job.calls, 'call')} ({duration(sequential)} sequentially)"
    axes.set_title("\n".join(textwrap.wrap(title, 80)), loc="left", fontsize=11, weight="bold")
