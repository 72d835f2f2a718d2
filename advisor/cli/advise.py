"""`advise TARGET`: measure a target in a child process and print the advice."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import click

from advisor.cli.options import (
    calls_option,
    cluster_option,
    cores_option,
    html_option,
    inputs_option,
    json_option,
    seconds,
    server_option,
    star_option,
)
from advisor.cli.output import check_file, print_advice, write_file, write_html
from advisor.cli.progress import OnProgress, progress_bar
from advisor.errors import UsageError

if TYPE_CHECKING:
    from advisor.models import Advice


@click.command("TARGET", hidden=True, add_help_option=False)
@click.argument("target")
@inputs_option
@star_option
@calls_option
@click.option(
    "--budget",
    type=seconds,
    default=3.0,
    metavar="SECONDS",
    help="Time to spend on measuring; a second call may exceed it, unless the budget is 0. Default: 3.",
)
@click.option(
    "--timeout",
    type=seconds,
    default=60.0,
    metavar="SECONDS",
    help="Stop a target that hangs for this long. Default: 60.",
)
@click.option(
    "--verify",
    is_flag=True,
    help="Also run part of the job with the best strategies, to compare with the prediction. If calls write what they "
    "share, search for races for a second. Trials do not use a cluster.",
)
@cores_option
@cluster_option
@server_option
@json_option
@html_option
@click.option("--plot", metavar="FILE", help="Draw the predicted speed-up curves into a .png or .svg file.")
@click.option("--code", is_flag=True, help="Print only the ready-to-run code.")
@click.option("--save-profile", metavar="FILE", help="Save the measured profile as JSON.")
def advise_command(
    as_json: bool,
    code: bool,
    html: str | None,
    plot: str | None,
    save_profile: str | None,
    **question: Any,
) -> None:
    """Measure a target and print the advice."""
    if as_json and code:
        raise UsageError("--json and --code cannot be combined: standard output holds one document")
    if plot:
        from advisor.report.plot import check_plot

        check_plot(plot)
    check_file(html)
    check_file(save_profile)
    with progress_bar() as on_progress:
        advice = _ask(question.pop("server"), question, on_progress)
    with contextlib.ExitStack() as outputs:  # in reverse order; an output that fails does not prevent the others
        outputs.callback(print_advice, advice, as_json=as_json, code=code)
        if save_profile and advice.profile is not None:
            outputs.callback(write_file, save_profile, advice.profile.model_dump_json(indent=2) + "\n")
        if html:
            outputs.callback(write_html, advice, html)
        if plot:
            outputs.callback(_save_plot, advice, plot)


def _ask(server: str | None, question: dict[str, Any], on_progress: OnProgress | None) -> Advice:
    from advisor import api
    from advisor.models.input_source import InputSource

    question["inputs"] = InputSource(question["inputs"], star=question.pop("star"))
    if server is None:
        return api.advise_target(**question, on_progress=on_progress)
    from advisor.cli.remote_advice import advise_measured

    return advise_measured(server, **question, on_progress=on_progress)


def _save_plot(advice: Advice, path: str) -> None:
    from advisor import api
    from advisor.report.plot import save_plot

    save_plot(advice, api.curves(advice), path)
