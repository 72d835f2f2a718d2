"""Options that several commands share, and the types of their values."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import click

from advisor.input_limits import MAX_CALLS, MAX_CORES, MAX_SECONDS, MAX_SEED_DIGITS


def whole_number(maximum: int, minimum: int = 1) -> Callable[[str], int]:
    """Return an option type: an integer from `minimum` to `maximum`."""

    def parse(text: str) -> int:
        with contextlib.suppress(ValueError):
            if minimum <= (number := int(text)) <= maximum:
                return number
        raise click.BadParameter(f"{text!r} is not a whole number from {minimum} to {maximum:,}.")

    return parse


def seconds(text: str) -> float:
    """Parse an option's value as seconds, positive and finite."""
    with contextlib.suppress(ValueError):
        if 0 < (number := float(text)) <= MAX_SECONDS:  # false for nan
            return number
    raise click.BadParameter(f"{text!r} is not a number of seconds above 0 and up to {MAX_SECONDS:,.0f}.")


def seed(text: str) -> int:
    """Parse an option's value as the seed of a search, or of its finding."""
    if text.isascii() and text.isdigit() and len(text) <= MAX_SEED_DIGITS:
        return int(text)
    raise click.BadParameter(f"{text!r} is not a whole number, 0 or above, of at most {MAX_SEED_DIGITS} digits.")


inputs_option = click.option(
    "--inputs",
    metavar="SOURCE",
    help="Arguments of the calls: a .jsonl file, a text file (one call per line), my_module:inputs "
    "(a function or a list), or - for standard input.",
)
star_option = click.option(
    "--star",
    is_flag=True,
    help="Spread each input: a tuple or list into positional arguments, a dictionary into keyword arguments.",
)
calls_option = click.option(
    "--calls",
    type=whole_number(MAX_CALLS),
    metavar="N",
    help="Plan for N calls. Default: one per input, or the number in the description, else 1,000.",
)
cores_option = click.option(
    "--cores", type=whole_number(MAX_CORES), metavar="N", help="Plan for a host with N cores instead of this one."
)
cluster_option = click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Consider a cluster too: tcp://host:port (Dask), ray://host:port, ray, or auto for the one that "
    "DASK_SCHEDULER_ADDRESS or RAY_ADDRESS names.",
)
server_option = click.option(
    "--server",
    metavar="URL",
    help="Get the advice from an advisor server; its token is read from ADVISOR_TOKEN. Measuring stays local.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON and nothing else.")
html_option = click.option("--html", metavar="FILE", help="Write the advice as one self-contained HTML file.")
