"""The IPython extension: `%load_ext advisor` defines the magic `%advise`."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import click
from IPython.core.error import UsageError as MagicUsageError

from advisor import api
from advisor.cli.options import calls_option, cores_option, html_option, seconds
from advisor.cli.output import check_file, write_html
from advisor.errors import AdvisorError, MissingExtraError, TargetError, UsageError
from advisor.models import Advice
from advisor.target.failures import run_user_code
from advisor.target.inputs import InputCalls, as_calls

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_QUOTED_OR_OPTION = re.compile(r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(?P<option>(?<!\S)--[a-z])""")


def load_ipython_extension(ipython: InteractiveShell) -> None:
    """Define the magic `%advise`, as `%load_ext advisor` asks for.

    Raises:
        MissingExtraError: A package is missing that runs the functions of a notebook in processes.
    """
    if not all(map(importlib.util.find_spec, ("cloudpickle", "loky"))):
        raise MissingExtraError("%load_ext advisor", "notebook")
    ipython.register_magic_function(advise, "line", "advise")  # type: ignore[arg-type] # its decorator has no types


def advise(line: str) -> Advice | None:
    """Advise on a function of the notebook; `%advise --help` lists the options."""
    from IPython import get_ipython

    ipython = get_ipython()
    assert ipython is not None
    try:
        with _command.make_context("%advise", _arguments(line), obj=ipython) as context:
            advice: Advice = _command.invoke(context)
            return advice
    except click.exceptions.Exit:  # --help has been printed
        return None
    except click.ClickException as error:
        raise MagicUsageError(error.format_message()) from None
    except TargetError as error:
        if error.traceback:
            print(error.traceback.rstrip(), file=sys.stderr)
        raise MagicUsageError(str(error)) from None
    except AdvisorError as error:
        raise MagicUsageError(str(error)) from None


class _MagicCommand(click.Command):
    """A command whose help shows the line of a cell."""

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage("%advise", "EXPRESSION [OPTIONS]")


@click.command(cls=_MagicCommand)
@click.argument("expression")
@click.option("--inputs", metavar="EXPRESSION", help="The arguments of the calls, one item for each call.")
@click.option(
    "--star",
    is_flag=True,
    help="Spread each input: a tuple or list into positional arguments, a dictionary into keyword arguments.",
)
@calls_option
@click.option("--budget", type=seconds, default=2.0, metavar="SECONDS", help="Time to spend on measuring. Default: 2.")
@cores_option
@html_option
@click.option("--code", is_flag=True, help="Also put the ready-to-run code into a new cell.")
@click.pass_obj
def _command(ipython: InteractiveShell, /, expression: str, inputs: str | None, star: bool, **options: Any) -> Advice:
    """Measure a function of the notebook, one call at a time, and advise how to run many calls.

    EXPRESSION is a function, a call of it, a profile, or a description in quotes.

    \b
    Examples:
      %advise fetch(url)
      %advise fetch --inputs urls --calls 5000
      %advise resize --inputs zip(images, sizes) --star
      %advise "downloading 500 pages, 200 ms each"
    """
    html, code, cores = options.pop("html"), options.pop("code"), options.pop("cores")
    check_file(html)
    subject, calls = _evaluate(expression, inputs, star, ipython.user_ns)
    if inputs is None and calls is not None:  # the expression is a call, an example of those to plan for
        options["calls"] = options["calls"] or api.DEFAULT_CALLS
    advice = api.advise(subject, inputs=calls, machine=None if cores is None else {"cores": cores}, **options)
    if html is not None:
        write_html(advice, html)
    if code and advice.snippet:
        ipython.set_next_input(advice.snippet)
    return advice


def _arguments(line: str) -> list[str]:
    """Split the line at its options, since expressions may have blanks and quotes in them."""
    line = line.strip()
    starts = [found.start() for found in _QUOTED_OR_OPTION.finditer(line) if found["option"]]
    expression, *options = (line[start:end].strip() for start, end in pairwise([0, *starts, len(line)]))
    arguments = [expression] if expression else []
    for option in options:
        name, *value = re.split(r"[\s=]+", option, maxsplit=1)
        arguments += [name, *(map(_unquoted, value) if name == "--html" else value)]
    return arguments


def _unquoted(path: str) -> str:
    return path[1:-1] if len(path) > 1 and path[0] == path[-1] and path[0] in "\"'" else path


def _evaluate(expression: str, inputs: str | None, star: bool, names: dict[str, Any]) -> tuple[Any, InputCalls | None]:
    """Return the function, profile or description that an expression stands for, and the calls to make."""
    try:
        body = ast.parse(expression, mode="eval").body
    except SyntaxError as error:
        raise UsageError(f"{expression!r} is not an expression: {error.msg}") from None
    if inputs is None and isinstance(body, ast.Call):
        expression, inputs = ast.unparse(body.func), _inputs_of(body)
    subject = _value(expression, names)
    if inputs is None:
        return subject, None
    calls = as_calls(_value(inputs, names), star=star)
    assert calls is not None
    calls.expression = inputs
    return subject, calls


def _value(expression: str, names: dict[str, Any]) -> Any:
    return run_user_code(lambda: eval(expression, names), f"evaluating {expression}")


def _inputs_of(call: ast.Call) -> str:
    """Return the expression for a list of one input, the arguments of a call."""
    args = ", ".join(map(ast.unparse, call.args))
    kwargs = ", ".join(ast.unparse(keyword) for keyword in call.keywords)
    if len(call.args) == 1 and not kwargs and not isinstance(call.args[0], ast.Starred):
        return f"[{args}]"
    return f'[{{"args": [{args}], "kwargs": dict({kwargs})}}]'
