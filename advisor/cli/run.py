"""`advise run`: do a job in the fastest safe way, and write the results as JSON Lines."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from advisor.cli.options import inputs_option, seconds, star_option, whole_number
from advisor.cli.output import check_file
from advisor.errors import UsageError
from advisor.input_limits import MAX_WORKERS

MAX_RETRIES = 1_000
STRATEGIES = ("sequential", "threading", "multiprocessing", "asyncio", "cluster")


@click.command(short_help="Do the job: call TARGET for each input, in the fastest safe way.")
@click.argument("target")
@inputs_option
@star_option
@click.option(
    "--input-format",
    type=click.Choice(["json", "text"]),
    metavar="FORMAT",
    help="What a line of a file or pipe is, json or text. Default: json in .jsonl files, text in others; the first "
    "line of a pipe decides.",
)
@click.option(
    "--output", metavar="FILE", help="Write the results to FILE, with a checkpoint in FILE.checkpoint until it is done."
)
@click.option("--discard", is_flag=True, help="Write no results. They may then be of any type.")
@click.option("--unordered", is_flag=True, help="Write results as they come, not in the order of the inputs.")
@click.option("--resume", is_flag=True, help="Continue an interrupted run: calls that succeeded are not made again.")
@click.option("--overwrite", is_flag=True, help="Start anew where there are results of an earlier run.")
@click.option("--checkpoint", metavar="FILE", help="Keep the checkpoint in FILE; works without --output, too.")
@click.option("--no-checkpoint", is_flag=True, help="Keep no checkpoint: less work for each call, but no --resume.")
@click.option(
    "--on-error",
    type=click.Choice(["keep", "stop"]),
    default="keep",
    help="After a call that failed, keep its error and go on, or stop. Default: keep.",
)
@click.option(
    "--retries",
    type=whole_number(MAX_RETRIES, minimum=0),
    default="0",
    metavar="N",
    help="Make a failed call up to N times again, after growing pauses. Default: 0.",
)
@click.option("--call-timeout", type=seconds, metavar="SECONDS", help="End a call that takes longer; it has failed.")
@click.option(
    "--strategy",
    type=click.Choice(STRATEGIES),
    metavar="STRATEGY",
    help=f"Use {', '.join(STRATEGIES[:-1])} or {STRATEGIES[-1]} from the first call on, without measuring.",
)
@click.option(
    "--workers",
    type=whole_number(MAX_WORKERS),
    metavar="N",
    help="Use at most N workers; with --strategy, exactly N. Of a cluster, use at most N threads.",
)
@click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Use a cluster if it is faster: tcp://host:port (Dask), ray://host:port, ray, or auto for the one that "
    "DASK_SCHEDULER_ADDRESS or RAY_ADDRESS names.",
)
@click.option("--report", metavar="FILE", help="Write what was done as JSON: calls, failures, time, stages.")
@click.option(
    "--report-to",
    metavar="WHERE",
    help="Report the time to the journal of an advisor server (its URL, with ADVISOR_TOKEN), or to your own (local).",
)
@click.option(
    "--progress/--no-progress",
    default=None,
    help="Show a progress bar. Default: on a terminal, unless results go there or into a pipe.",
)
@click.option("--quiet", is_flag=True, help="Print neither progress nor summary.")
@click.pass_context
def run(context: click.Context, /, **options: Any) -> None:
    """Call TARGET for each input, in the fastest safe way, and write the results.

    The first calls run one after the other and are measured. Then the rest runs in threads, processes, on an event loop
    or in a plain loop, whatever is fastest and safe; or on a cluster, if --cluster names one. Results are JSON Lines:
    {"index": 0, "result": …}, or {"index": 3, "error": {"type": …, "message": …, "attempts": …}} for a failed call.

    TARGET runs in this process and its workers. Where results go to standard output, what TARGET prints goes to
    standard error.

    \b
    Examples:
      advise run my_module:func --inputs urls.txt --output results.jsonl
      advise run my_module:func --inputs urls.txt --output results.jsonl --resume
      advise run my_module:func --inputs urls.txt --output results.jsonl --cluster tcp://10.0.0.5:8786
      cat urls.txt | advise run my_module:func --inputs - | jq .result

    Exit status: 0 if all calls succeeded, 1 if some failed, 2 if the question was wrong, 130 after Ctrl-C.
    """
    from advisor.cli.job import JobOptions, do_job

    _check(options)
    context.exit(do_job(JobOptions(**options), _command_line(context)))


def _check(options: dict[str, Any]) -> None:
    """Refuse what does not go together, or would fail only after hours."""
    if options["inputs"] is None:
        raise UsageError("there are no inputs: give --inputs FILE, my_module:make_inputs, or - for standard input")
    for first, second, why in (
        ("discard", "output", "there is nothing to write"),
        ("resume", "overwrite", "continue the earlier run, or start anew"),
        ("checkpoint", "no_checkpoint", "keep one or none"),
        ("resume", "no_checkpoint", "a run continues from its checkpoint"),
    ):
        if options[first] and options[second]:
            names = [f"--{name.replace('_', '-')}" for name in (first, second)]
            raise UsageError(f"{' and '.join(names)} cannot be combined: {why}")
    if options["strategy"] == "cluster" and options["cluster"] is None:
        raise UsageError("--strategy cluster needs --cluster ADDRESS")
    _check_paths({name: options[name] for name in ("inputs", "output", "checkpoint", "report") if options[name]})
    check_file(options["report"])
    to = options["report_to"]
    if to is not None and to != "local" and not to.startswith(("http://", "https://")):
        raise UsageError(f"--report-to {to}: give the URL of a server, http://… or https://…, or local")


def _check_paths(paths: dict[str, str]) -> None:
    """Refuse a file for two things, of which one would replace the other."""
    used: dict[Path, str] = {}
    for name, path in paths.items():
        if path == "-" or (Path(path).exists() and not Path(path).is_file()):  # such as /dev/null
            continue
        first = used.setdefault(Path(path).resolve(), name)
        if first != name:
            raise UsageError(f"--{first} and --{name} are the same file: {path}. Give another path to one of them")


def _command_line(context: click.Context) -> list[str]:
    """Return the words of this command, as the user may type them again."""
    program = ["python", "-m", "advisor"] if sys.argv[0].endswith("__main__.py") else ["advise"]
    return [*program, *(context.find_object(list) or ())]
