"""`advise survey SCRIPT`: find the loops of a whole program that would pay."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from advisor.cli.options import cores_option, seconds
from advisor.cli.output import check_file, print_document, write_file, write_html
from advisor.errors import UsageError

if TYPE_CHECKING:
    from advisor.models import SurveyReport

FIRST_NEWS = 5.0  # seconds of a run until its progress is shown again, and then at twice that, and so on
STANDARD_OUTPUT = "-"


_WITH_VALUE = ("--html", "--patch", "--seconds", "--cores", "--package")


class _SurveyCommand(click.Command):
    """A command whose options come before the program; what follows is the program's, even if it looks like one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _separated(args))


def _separated(args: list[str]) -> list[str]:
    """Return the arguments with `--` before those of the program, and a value for a `--json` that has none."""
    index = 0
    while index < len(args):
        word = args[index]
        if word == "-m":
            return [*args[: index + 2], *(["--", *args[index + 2 :]] if args[index + 1 :] else [])]
        if word == "--" or not word.startswith("-"):
            return [*args[:index], "--", *args[index + (word == "--") :]]
        if word == "--json":
            if _is_alone(args[index + 1 :]):
                args = [*args[:index], f"--json={STANDARD_OUTPUT}", *args[index + 1 :]]
            else:
                index += 1
        index += 1 + (word in _WITH_VALUE)
    return args


def _is_alone(following: list[str]) -> bool:
    """Return True if what follows `--json` is not its file but an option or the program."""
    return len(following) < 2 or following[0].startswith("-") or following[0].endswith(".py")


@click.command(
    cls=_SurveyCommand,
    options_metavar="[OPTIONS]",
    short_help="Find out which loops of a whole program are worth running concurrently.",
)
@click.argument("script", required=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("-m", "module", metavar="MODULE", help="Survey a module, as `python -m MODULE` runs it.")
@click.option("--once", is_flag=True, help="Run the program once only: faster, with wider intervals.")
@click.option("--seconds", type=seconds, metavar="SECONDS", help="Stop a run after so many seconds, as Ctrl-C does.")
@click.option(
    "--package", "packages", multiple=True, metavar="NAME", help="Survey the loops of an installed package, too."
)
@cores_option
@click.option(
    "--json",
    "as_json",
    metavar="[FILE]",
    help="Write the report as JSON to FILE; without FILE to standard output. The program's output then goes to "
    "standard error.",
)
@click.option("--html", metavar="FILE", help="Write the report as one self-contained HTML file.")
@click.option("--patch", metavar="FILE", help="Write the change of all loops that pay as a patch, for patch -p0.")
@click.pass_context
def survey(
    context: click.Context,
    /,
    script: str | None,
    arguments: tuple[str, ...],
    module: str | None,
    as_json: str | None,
    html: str | None,
    patch: str | None,
    **options: Any,
) -> None:
    """Run SCRIPT with its ARGUMENTS, and find the loops that would make the whole program faster.

    The program runs twice: once sampled, and once with its longest loops watched. For each loop the report says whether
    iterations depend on each other, what running them concurrently would bring to the whole program, what stands in the
    way, and how the code would look.

    Options come before SCRIPT; what follows it belongs to the program. The program runs as it does without advise:
    arguments, input, output, exit status and effects are its own. The second run gets the same input, and its output is
    not shown; its effects, such as files, are there twice. The report goes to standard error. Ctrl-C ends the program
    and reports what was seen.

    \b
    Examples:
      advise survey report.py --year 2024
      advise survey -m shop.report 2024
      advise survey --once --html survey.html report.py
      advise survey --json report.py > survey.json
      advise survey --patch faster.patch report.py && patch -p0 < faster.patch

    Exit status: that of the program; 2 if there is no such program or option, 130 after Ctrl-C, 0 if
    --seconds ended it.
    """
    for path in (None if as_json == STANDARD_OUTPUT else as_json, html, patch):
        check_file(path)
    if module is not None:
        arguments = (*((script,) if script is not None else ()), *arguments)
    elif script is None:
        raise UsageError("there is no program: give a script, such as report.py, or a module with -m")
    report = _survey(module or str(script), arguments, is_module=module is not None, as_json=as_json, **options)
    _write(report, as_json, html, patch)
    if report.ending == "interrupted":
        context.exit(128 + signal.SIGINT)
    context.exit(report.exit_status or 0 if report.ending != "stopped" else 0)


def _survey(
    name: str,
    arguments: tuple[str, ...],
    *,
    is_module: bool,
    as_json: str | None,
    once: bool,
    seconds: float | None,
    packages: tuple[str, ...],
    cores: int | None,
) -> SurveyReport:
    from advisor.survey.program import Program
    from advisor.survey.survey import SurveyQuestion, survey

    question = SurveyQuestion(
        Program(name, arguments, is_module),
        packages=packages,
        once=once,
        cores=cores,
        limit=seconds,
        output_to_errors=as_json == STANDARD_OUTPUT,
    )
    return survey(question, _progress() if sys.stderr.isatty() else None)


def _progress() -> Callable[[float, str], None]:
    """Return a function that says which run is going on, and now and then for how long: the screen is the program's."""
    shown: dict[str, float] = {}

    def show(elapsed: float, run: str) -> None:
        if run not in shown:
            _say(run)
            shown[run] = FIRST_NEWS
        elif elapsed >= shown[run]:
            _say(f"{run}, {elapsed:.0f} s so far")
            shown[run] *= 2

    return show


def _say(text: str) -> None:
    from advisor.report.layout import DIM, Screen, Span, render

    click.echo(render([[(Span(f"advise: {text}", DIM),)]], Screen.of(sys.stderr)), nl=False, err=True, color=True)


def _write(report: SurveyReport, as_json: str | None, html: str | None, patch: str | None) -> None:
    """Show the report, and write it to files: if that fails, on a full disk for example, it has been shown."""
    document = report.model_dump_json(indent=2)
    if as_json == STANDARD_OUTPUT:
        print_document(document)
    else:
        _show(report)
    if as_json not in (None, STANDARD_OUTPUT):
        write_file(as_json, document + "\n")
    if html is not None:
        write_html(report, html)
    if patch is not None:
        write_file(patch, report.patch)
        if not report.patch:
            _say(f"{patch} is empty: there is no loop that pays and can be rewritten")


def _show(report: SurveyReport) -> None:
    from advisor.report.layout import Screen
    from advisor.report.survey import as_text

    click.echo("\n" + as_text(report, Screen.of(sys.stderr)), nl=False, err=True, color=True)
