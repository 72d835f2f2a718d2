"""Estimates → predicted speed-up curves as PNG or SVG (matplotlib, the extra `plot`)."""

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
from advisor.report import atomic_write
from advisor.report.formatting import count, duration, times, workers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg")
LINEAR_UP_TO = 16  # workers; beyond, few workers would be squeezed together on an even axis

_MOST_MARKED = 12  # points on a curve that get a marker each
_GREY = "#555555"


def check_plot(path: str | os.PathLike[str]) -> None:
    """Raises what `save_plot` would raise at once, so that nobody waits for a measurement that can't be drawn."""
    file = Path(path)
    if file.suffix.lower() not in FORMATS:
        raise UsageError(f"--plot {file}: the name must end in .png or .svg")
    if not file.absolute().parent.is_dir():
        raise UsageError(f"--plot {file}: there is no folder {file.parent}")
    if importlib.util.find_spec("matplotlib") is None:
        raise MissingExtraError("--plot", "plot")
    try:
        atomic_write.check(file)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error


def save_plot(advice: Advice, estimates: Sequence[Estimate], path: str | os.PathLike[str]) -> None:
    """Draws the speed-up of every strategy over its workers, and replaces the file at `path` in one step."""
    check_plot(path)
    try:
        import matplotlib
    except ImportError as error:
        raise MissingExtraError("--plot", "plot") from error
    # A name may hold a dollar sign, which is no formula, and letters that the font lacks, which is no news.
    settings = matplotlib.rc_context({"font.size": 10, "svg.fonttype": "none", "text.parse_math": False})
    with settings, warnings.catch_warnings(action="ignore", category=UserWarning):
        figure = _draw(advice, estimates)
        try:
            with atomic_write.atomic_write(Path(path)) as file:
                _save(figure, file)
        except OSError as error:
            raise UsageError(f"cannot write {path}: {error.strerror}") from error


def _save(figure: Figure, file: Path) -> None:
    # Without a date, the same advice gives the same file.
    metadata = {"Date": None} if file.suffix.lower() == ".svg" else {}
    figure.savefig(file, dpi=150, metadata=metadata)


def _draw(advice: Advice, estimates: Sequence[Estimate]) -> Figure:
    # A Figure of its own, without pyplot: no display, no global state. Both formats' canvases work anywhere.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.add_subplot()
    sequential = _sequential_seconds(advice, estimates)
    curves = _curves(estimates)
    for strategy, curve in curves.items():
        _draw_curve(axes, strategy, curve, sequential)
    _draw_parity(axes)
    _set_worker_axis(axes, [each.workers for curve in curves.values() for each in curve])
    _set_speedup_axis(axes, [sequential / each.seconds.expected for curve in curves.values() for each in curve])
    _draw_cores(axes, advice.machine.cores)
    _draw_choice(axes, advice)
    _name_the_impossible(axes, estimates, curves)
    _title(axes, advice, sequential)
    figure.legend(loc="outside lower left", ncols=3, frameon=False)
    return figure


def _sequential_seconds(advice: Advice, estimates: Sequence[Estimate]) -> float:
    """Seconds that the job takes one call after the other, which every speed-up is against."""
    timed: list[Estimate | Alternative] = [*estimates, *advice.alternatives]
    for each in timed:
        if each.strategy == "sequential" and each.seconds is not None and each.seconds.expected > 0:
            return each.seconds.expected
    raise UsageError("--plot: without a time for the plain loop there is no speed-up to draw")


def _curves(estimates: Sequence[Estimate]) -> dict[Strategy, list[Estimate]]:
    """What can be done, by strategy, with rising worker counts; the plain loop is the line at 1×, not a curve."""
    curves: dict[Strategy, list[Estimate]] = {}
    for each in sorted(estimates, key=lambda each: each.workers):
        if each.feasible and each.strategy != "sequential" and each.seconds.low > 0:
            curves.setdefault(each.strategy, []).append(each)
    return curves


def _draw_curve(axes: Axes, strategy: Strategy, curve: Sequence[Estimate], sequential: float) -> None:
    workers = [each.workers for each in curve]
    low = [sequential / each.seconds.high for each in curve]
    high = [sequential / each.seconds.low for each in curve]
    expected = [sequential / each.seconds.expected for each in curve]
    info = STRATEGIES[strategy]
    axes.fill_between(workers, low, high, color=info.colour, alpha=0.15, linewidth=0)
    axes.plot(
        workers,
        expected,
        color=info.colour,
        linewidth=2,
        marker=info.marker,
        markersize=4,
        markevery=max(1, len(workers) // _MOST_MARKED),
        label=strategy,
    )


def _draw_parity(axes: Axes) -> None:
    axes.axhline(1, color=_GREY, linewidth=1.2, linestyle=(0, (4, 3)), label="one after the other", zorder=1)


def _set_worker_axis(axes: Axes, workers: Sequence[int]) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    most = max(workers, default=2)
    if most > LINEAR_UP_TO:
        axes.set_xscale("log", base=2)
        ticks = [2**power for power in range(most.bit_length())]
        ticks += [most] if most > 1.3 * ticks[-1] else []
        axes.set_xlim(0.93, most * 1.08)
    else:
        ticks = list(range(1, most + 1))
        axes.set_xlim(0.8, most + 0.2)
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: count(round(tick))))
    axes.set_xlabel("workers (threads, processes or tasks)")


def _set_speedup_axis(axes: Axes, expected: Sequence[float]) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.set_ylim(0, max(1.6, *expected, 0.0) * 1.25)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:g}×"))
    axes.set_ylabel("times as fast as one after the other")
    axes.grid(axis="y", color="#e4e4e4", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_cores(axes: Axes, cores: int) -> None:
    if cores > axes.get_xlim()[1]:
        return
    axes.axvline(cores, color="#999999", linewidth=1, linestyle=":", zorder=1)
    axes.annotate(
        f" {count(cores)} core{'' if cores == 1 else 's'}",
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
    """The side of the plot that a label centred on so many workers could cross."""
    to_screen = axes.transScale + axes.transLimits
    across = float(to_screen.transform((workers, 0))[0])
    return "left" if across < 0.25 else "right" if across > 0.75 else "center"


def _name_the_impossible(axes: Axes, estimates: Sequence[Estimate], curves: dict[Strategy, list[Estimate]]) -> None:
    """An entry in the legend, without a line, for each strategy that can't be used with any worker count."""
    impossible = dict.fromkeys(each.strategy for each in estimates if each.strategy not in (*curves, "sequential"))
    for strategy in impossible:
        axes.plot([], [], " ", label=f"{strategy}: not possible")


def _title(axes: Axes, advice: Advice, sequential: float) -> None:
    what = (advice.profile.target if advice.profile else None) or "the described job"
    calls = f"{count(advice.job.calls)} call{'' if advice.job.calls == 1 else 's'}"
    title = f"{what}: predicted speed-up, {calls} ({duration(sequential)} one after the other)"
    axes.set_title("\n".join(textwrap.wrap(title, 80)), loc="left", fontsize=11, weight="bold")
