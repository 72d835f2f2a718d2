from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

OnProgress = Callable[[float, str], None]


@contextmanager
def progress_bar() -> Iterator[OnProgress | None]:
    """Yield a function that shows the fraction done and the current step, or None if standard error is no terminal.

    The bar disappears at the end.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    from advisor.report.layout import printable

    columns = (TextColumn("{task.description}"), BarColumn(bar_width=30), TextColumn("{task.percentage:>3.0f} %"))
    # A refreshing thread would disturb the measurement, and forking beside a thread is unsafe.
    with Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as progress:
        task = progress.add_task("starting", total=1.0)
        yield lambda fraction, label: progress.update(
            task, completed=fraction, description=printable(label), refresh=True
        )
