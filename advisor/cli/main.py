"""The entry point `advise`: runs a command and turns every error into an exit status.

The modules imported at start-up are light, so that `advise --help` answers at once.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from advisor import __version__
from advisor.cli.advise import advise_command
from advisor.cli.describe import describe
from advisor.cli.group import TargetGroup
from advisor.cli.journal import journal
from advisor.cli.matrix import matrix
from advisor.cli.races import races
from advisor.cli.run import run
from advisor.cli.serve import serve
from advisor.cli.survey import survey
from advisor.errors import AdvisorError, TargetError

TARGET_FAILED = 1
WRONG_USAGE = 2
EXIT_SECONDS = 1.0
SIGNALLED = 128  # plus the signal's number, as shells report it
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@click.group(cls=TargetGroup, default=advise_command, context_settings={"max_content_width": 100})
@click.version_option(__version__, message="advise %(version)s")
def advise() -> None:
    """Find out whether threads or processes make a Python function faster.

    Measures TARGET and predicts the speed-up of each strategy. TARGET is my_module:func,
    pkg.mod:Class.method, path/to/file.py:func or notebook.ipynb:func, resolved from the current directory.

    \b
    Examples:
      advise my_module:func                             a function without arguments
      advise my_module:func --inputs urls.txt           one call per line
      advise file.py:func --inputs calls.jsonl --verify
      advise file.py:func --inputs my_module:make_inputs --calls 10000
      advise file.py:func --inputs my_module:pairs --star     two arguments per pair
      advise my_module:func --inputs urls.txt --code > run.py
      advise describe "resize 10,000 photos with Pillow"
      advise run my_module:func --inputs urls.txt --output results.jsonl     do the job
      advise races my_module:func --inputs calls.jsonl     can calls at once go wrong?
      advise survey script.py     which loops of a whole program would pay?
    """


for command in (advise_command, run, survey, races, describe, matrix, serve, journal):
    advise.add_command(command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    Args:
        arguments: The arguments after the program's name; those of this process if None.
    """
    is_program = arguments is None
    if arguments is None:
        _replace_closed_streams()
        _exit_on_termination_signals()
        arguments = sys.argv[1:]
    try:
        status = _invoke(list(arguments))
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # The reader of the pipe is done. The interpreter would complain when it flushes again at exit.
        _discard_output()
        _exit_soon(0, is_program)
        return 0
    except KeyboardInterrupt as interrupt:
        click.echo(f"Interrupted. {interrupt}".rstrip(), err=True)
        _exit_soon(status := SIGNALLED + int(getattr(interrupt, "number", signal.SIGINT)), is_program)
        return status
    except click.ClickException as error:
        click.echo(f"Error: {error.format_message()}", err=True)
        return error.exit_code
    except TargetError as error:
        if error.output:
            click.echo(f"Last output of the target:\n{error.output.rstrip()}\n", err=True)
        if error.traceback:
            click.echo(error.traceback.rstrip(), err=True)
        click.echo(f"Error: {error}", err=True)
        return TARGET_FAILED
    except AdvisorError as error:
        click.echo(f"Error: {error}", err=True)
        return WRONG_USAGE
    except OSError as error:
        if error.errno not in _DISK_FULL:
            raise
        _discard_output()
        click.echo(f"Error: cannot write: {error.strerror}", err=True)
        return WRONG_USAGE


def _invoke(arguments: list[str]) -> int:
    # Not advise.main(): it replaces KeyboardInterrupt, whose message says what was interrupted, by click.Abort.
    try:
        with advise.make_context("advise", arguments, obj=list(arguments)) as context:
            advise.invoke(context)
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    return 0


def _exit_soon(status: int, is_program: bool) -> None:
    """Exit within a second, whatever threads of the user's code are still at work."""
    if is_program:
        import threading

        timer = threading.Timer(EXIT_SECONDS, os._exit, (status,))
        timer.daemon = True
        timer.start()


def _discard_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _replace_closed_streams() -> None:
    """Open the null device for each standard stream that is closed (`>&-`); the next open file would get its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  (for the whole run)


def _exit_on_termination_signals() -> None:
    """Exit through SystemExit on SIGTERM and SIGHUP, so that child processes and temporary files are cleaned up."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:  # ignored under nohup
            signal.signal(number, _exit)


def _exit(number: int, _: object) -> NoReturn:
    raise SystemExit(SIGNALLED + number)
