"""`advise races TARGET`: search for interleavings of concurrent calls that go wrong."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from advisor.cli.options import inputs_option, json_option, seconds, seed, star_option, whole_number
from advisor.cli.output import check_file, print_document, print_text, write_html
from advisor.cli.progress import OnProgress, progress_bar
from advisor.errors import UsageError
from advisor.input_limits import MAX_RACING_CALLS

if TYPE_CHECKING:
    from advisor.interleaving.question import RaceQuestion
    from advisor.models import RaceReport

FOUND = 3
THREADS = 2


@click.command(short_help="Find out whether concurrent calls of TARGET can race or deadlock.")
@click.argument("target")
@inputs_option
@star_option
@click.option(
    "--threads",
    type=whole_number(MAX_RACING_CALLS, minimum=2),
    default=str(THREADS),
    metavar="N",
    help=f"Make N calls at once. Default: {THREADS}.",
)
@click.option("--seconds", type=seconds, default=20.0, metavar="SECONDS", help="Limit of the search. Default: 20.")
@click.option(
    "--seed",
    type=seed,
    metavar="N",
    help="Seed of the random part of the search, to repeat it.",
)
@click.option("--replay", type=seed, metavar="SEED", help="Run the interleaving of a finding again.")
@click.option("--no-fix", is_flag=True, help="Do not search for a lock that fixes the finding.")
@json_option
@click.option("--html", metavar="FILE", help="Write the result as one self-contained HTML file.")
@click.pass_context
def races(context: click.Context, /, as_json: bool, html: str | None, **options: Any) -> None:
    """Find out whether concurrent calls of TARGET can race or deadlock.

    Runs the calls interleaved in many ways, one line at a time. Finds interleavings after which results, exceptions,
    objects, files or databases differ from every sequential order of the calls, and deadlocks. Shows a shortened one
    line by line, and the smallest lock that fixes it.

    TARGET is really called, many times, in child processes. The files and SQLite databases that it writes are put back
    afterwards, but requests to other hosts are sent. Nothing found is no proof: the result says what was tried.

    \b
    Examples:
      advise races my_module:func                            calls without arguments
      advise races my_module:func --inputs calls.jsonl       the first two inputs
      advise races file.py:func --inputs my_module:pairs --star --threads 3
      advise races my_module:func --seconds 5 --json
      advise races my_module:func --replay 17                the interleaving of a finding

    Exit status: 0 if nothing was found, 3 if a race or a deadlock was found, 1 if the target failed by itself, 2 for
    invalid arguments, 130 after Ctrl-C.
    """
    if options["seed"] is not None and options["replay"] is not None:
        raise UsageError("--seed and --replay cannot be combined: search, or run one interleaving again")
    check_file(html)
    with progress_bar() as on_progress:
        report = _search(on_progress, **options)
    try:
        if html:
            write_html(report, html)
    finally:  # a file that cannot be written does not cost the result
        _print(report, as_json=as_json)
    context.exit(FOUND if report.finding is not None else 0)


def _search(on_progress: OnProgress | None, *, no_fix: bool, **options: Any) -> RaceReport:
    from advisor.interleaving.question import RaceQuestion
    from advisor.interleaving.search import find_races
    from advisor.target.piped_inputs import as_file

    asked = RaceQuestion(**options)
    with as_file(asked.inputs) as inputs:  # the mend searches again, and a pipe can be read once
        question = replace(asked, inputs=inputs)
        report = find_races(question, None if on_progress is None else _schedules_shown(on_progress, question.seconds))
        if report.finding is not None and not no_fix and question.replay is None:
            from advisor.interleaving.mend import with_mend

            if on_progress is not None:
                on_progress(report.seconds / question.seconds, "looking for a lock that fixes it")
            report = with_mend(question, report)
    return report.model_copy(update={"command": _command(asked)})


def _command(question: RaceQuestion) -> str:
    """Return the command that asks this question."""
    words = ["advise", "races", question.target]
    words += ["--inputs", question.inputs] if question.inputs else []
    words += ["--star"] if question.star else []
    words += ["--threads", str(question.threads)] if question.threads != THREADS else []
    return shlex.join(words)


def _schedules_shown(on_progress: OnProgress, seconds: float) -> Callable[[int], None]:
    """Return a function that shows the number of interleavings, and the share of the time that is over."""
    from advisor.report.formatting import counted

    began = time.monotonic()

    def show(schedules: int) -> None:
        on_progress(min((time.monotonic() - began) / seconds, 1.0), f"searching: {counted(schedules, 'interleaving')}")

    return show


def _print(report: RaceReport, *, as_json: bool) -> None:
    if as_json:
        return print_document(report.model_dump_json(indent=2))
    from advisor.report.races import as_text

    return print_text(lambda screen: as_text(report, screen))
