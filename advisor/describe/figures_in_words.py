"""Say how the figures of a description were understood, so that a misreading shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from advisor.models import Job
from advisor.report.formatting import count, counted, duration, percent, size

if TYPE_CHECKING:
    from advisor.describe.text.quantities import Quantities


def figures_in_words(figures: Quantities, job: Job) -> str:
    """Return the figures in one line, such as "0.5 s for all 1,000,000 calls: 500 ns each"; empty without any."""
    parts = [
        _seconds(figures, job),
        f"{size(figures.bytes_per_call)} each" if figures.bytes_per_call else "",
        counted(figures.cores, "core") if figures.cores else "",
        _rate(figures.rate_limit_per_second) if figures.rate_limit_per_second else "",
        f"at most {count(figures.max_concurrent)} at once" if figures.max_concurrent else "",
        f"waiting for {percent(figures.wait_share)} of the time" if figures.wait_share is not None else "",
    ]
    return "; ".join(filter(None, parts))


def _seconds(figures: Quantities, job: Job) -> str:
    each, total, calls = figures.seconds_per_call, figures.total_seconds, counted(job.calls, "call")
    if each is None and total is None:
        return calls if figures.calls else ""
    if total is None:
        together = f" ({duration((each or 0.0) * job.calls)} one after the other)" if figures.calls else ""
        return f"{f'{calls}, ' if figures.calls else ''}{duration(each)} each{together}"
    if each is not None:
        return f"{f'{calls}, ' if figures.calls else ''}{duration(each)} each, {duration(total)} for the whole job"
    if figures.calls == 1:
        return f"1 call of {duration(total)}"
    who = f"all {calls}" if figures.calls else f"the whole job, of {calls} as no number is named"
    return f"{duration(total)} for {who}: {duration(total / job.calls)} each"


def _rate(per_second: float) -> str:
    if per_second >= 1:
        return f"at most {per_second:.3g} calls a second"
    return f"at most one call in {duration(1 / per_second)}"
