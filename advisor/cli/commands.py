"""The command line `advise`: parses, calls one public function, renders.

Only light modules are imported here, so that `advise --help` answers at once; each command imports what it runs.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from advisor import __version__
from advisor.errors import AdvisorError, TargetError, UsageError
from advisor.journal import OWN
from advisor.journal.commands import journal as journal_commands
from advisor.limits import MAX_CALLS, MAX_CORES, MAX_DESCRIPTION_INPUT, MAX_SECONDS, MAX_WORKERS

if TYPE_CHECKING:
    from advisor.models import Advice
    from advisor.report.layout import Screen

INTERRUPTED = 130  # 128 + SIGINT, as shells have it
BY_SIGNAL = 128  # plus its number
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit status: the one place where errors become one."""
    if arguments is None:  # this process is the command's own
        _open_streams()
        _end_orderly()
    try:
        status = _run(sys.argv[1:] if arguments is None else list(arguments))
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # The reader of the pipe has seen enough; the interpreter would complain when it flushes once more at its end.
        _drop_output()
        return 0
    except KeyboardInterrupt as interrupt:
        click.echo(f"Interrupted. {interrupt}".rstrip(), err=True)
        return INTERRUPTED
    except click.ClickException as error:
        click.echo(f"Error: {error.format_message()}", err=True)
        return error.exit_code
    except AdvisorError as error:
        return _report(error)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        _drop_output()
        click.echo(f"Error: cannot write: {error.strerror}", err=True)
        return 2


def _drop_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open_streams() -> None:
    """A standard stream that is closed (`>&-`) is None, and the next file to be opened would get its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  (for the whole run)


def _end_orderly() -> None:
    """Processes and temporary files are gone at the end, which a plain SIGTERM or SIGHUP would leave behind."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:  # nohup
            signal.signal(number, _ended)


def _ended(number: int, _: object) -> NoReturn:
    raise SystemExit(BY_SIGNAL + number)


def _run(arguments: list[str]) -> int:
    # Not advise.main(): it would turn Ctrl-C into an exception that has lost what the interruption says.
    try:
        with advise.make_context("advise", arguments) as context:
            advise.invoke(context)
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    return 0


def _report(error: AdvisorError) -> int:
    if isinstance(error, TargetError):
        if error.output:
            click.echo(f"The last that the target printed:\n{error.output.rstrip()}\n", err=True)
        if error.traceback:
            click.echo(error.traceback.rstrip(), err=True)
        click.echo(f"Error: {error}", err=True)
        return 1
    click.echo(f"Error: {error}", err=True)
    return 2


def whole_number(most: int) -> Callable[[str], int]:
    """A parser of numbers from 1 to `most`, for an option's type."""

    def parse(text: str) -> int:
        with contextlib.suppress(ValueError):
            if 1 <= (number := int(text)) <= most:
                return number
        raise click.BadParameter(f"{text!r} is not a whole number from 1 to {most:,}.")

    return parse


def seconds(text: str) -> float:
    """A parser of seconds, for an option's type: positive and finite."""
    with contextlib.suppress(ValueError):
        if 0 < (number := float(text)) <= MAX_SECONDS:  # false for nan
            return number
    raise click.BadParameter(f"{text!r} is not a number of seconds above 0, at most {MAX_SECONDS:,.0f}.")


class AdviseGroup(click.Group):
    """A group whose first word may be a target instead of a command: `advise my_module:func`.

    The options of advising a target stand in the group's help, and may be written before the target too.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args:
            click.echo(self.get_help(ctx), err=True)
            ctx.exit(2)
        return super().parse_args(ctx, self._with_command_first(args))

    def _with_command_first(self, args: list[str]) -> list[str]:
        place = _first_word(advise_target, args)
        word = None if place is None else args[place]
        if place is not None and args[place] in self.commands and word != advise_target.name:
            return [args[place], *args[:place], *args[place + 1 :]]
        if shown := [arg for arg in args if arg in ("--help", "--version")]:
            return shown[:1]
        if word is not None and ":" not in word:
            raise UsageError(_not_a_target(word, [name for name in self.commands if name != advise_target.name]))
        return [str(advise_target.name), *args]

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, "TARGET [OPTIONS]")
        formatter.write_usage(ctx.command_path, "COMMAND [ARGS]...", prefix="       ")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        options = [param for param in (*advise_target.params, *self.get_params(ctx)) if isinstance(param, click.Option)]
        records = [option.get_help_record(ctx) for option in options]
        with formatter.section("Options"):
            formatter.write_dl([record for record in records if record])
        self.format_commands(ctx, formatter)


def _first_word(command: click.Command, args: Sequence[str]) -> int | None:
    """The place of the first argument that is neither an option of the command nor an option's value."""
    options = [param for param in command.params if isinstance(param, click.Option) and not param.is_flag]
    with_value = {name for option in options for name in option.opts}
    place = 0
    while place < len(args):
        if args[place] == "-" or not args[place].startswith("-"):
            return place
        place += 2 if args[place] in with_value else 1
    return None


def _not_a_target(word: str, commands: Sequence[str]) -> str:
    from difflib import get_close_matches

    module, _, name = word.rpartition(".")
    if module and name != "py" and all(part.isidentifier() for part in word.split(".")):
        return f"{word!r} names no function: write {module}:{name} or {word}:function"
    if "/" in word or "." in word:
        return f"{word!r} names no function: write {word}:function"
    similar = get_close_matches(word, commands, n=1)
    hint = f"did you mean {similar[0]!r}?" if similar else f"commands are {', '.join(sorted(commands))}"
    return f"no such command: {word!r} (a target is written module:function; {hint})"


@click.group(cls=AdviseGroup, context_settings={"max_content_width": 100})
@click.version_option(__version__, message="advise %(version)s")
def advise() -> None:
    """Threads, processes or neither? Measures a Python function, and predicts what each would bring.

    TARGET is my_module:func, pkg.mod:Class.method or path/to/file.py:func, looked up from the current folder.

    \b
    Examples:
      advise my_module:func                             it needs no arguments
      advise my_module:func --inputs urls.txt           one call for each line
      advise file.py:func --inputs calls.jsonl --verify
      advise file.py:func --inputs my_module:make_inputs --calls 10000
      advise my_module:func --inputs urls.txt --code > run.py
      advise describe "resize 10,000 photos with Pillow"
    """


calls_option = click.option(
    "--calls",
    type=whole_number(MAX_CALLS),
    metavar="N",
    help="Plan for N calls; default: one for each input, else 1,000.",
)
cores_option = click.option(
    "--cores", type=whole_number(MAX_CORES), metavar="N", help="Plan for a host with N cores instead of this one."
)
server_option = click.option(
    "--server", metavar="URL", help="Ask a team's server; ADVISOR_TOKEN is its token. Measured is here."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the JSON document and nothing else.")


@advise.command("TARGET", hidden=True, add_help_option=False)
@click.argument("target")
@click.option(
    "--inputs",
    metavar="SOURCE",
    help="The calls' arguments: a .jsonl file, a text file (a line each), - or my_module:make_inputs.",
)
@calls_option
@click.option("--budget", type=seconds, default=3.0, metavar="SECONDS", help="How long measuring may take (default 3).")
@click.option("--timeout", type=seconds, default=60.0, metavar="SECONDS", help="End a target that hangs (default 60).")
@click.option("--verify", is_flag=True, help="Also run a part of the job under the leading strategies.")
@cores_option
@server_option
@json_option
@click.option("--plot", metavar="FILE", help="Draw the predicted speed-up curves, as .png or .svg.")
@click.option("--code", is_flag=True, help="Print only the ready-to-run code.")
@click.option("--save-profile", metavar="FILE", help="Keep the measured profile, as JSON.")
def advise_target(as_json: bool, plot: str | None, code: bool, save_profile: str | None, **question: Any) -> None:
    """Advises on a target: measures it in a process of its own."""
    from advisor import api

    if as_json and code:
        raise UsageError("--json and --code exclude each other: standard output holds one document")
    if plot:
        _check_plot(plot)
    if save_profile:
        _check(Path(save_profile))
    server = question.pop("server")
    with _progress() as on_progress:
        advise = functools.partial(_asked_of, server) if server else api.advise_target
        advice = advise(**question, on_progress=on_progress)
    with contextlib.ExitStack() as at_last:  # the last one first; what cannot be saved costs nobody the advice
        at_last.callback(_show, advice, as_json=as_json, code=code)
        if save_profile and advice.profile:
            at_last.callback(_save, Path(save_profile), advice.profile.model_dump_json(indent=2) + "\n")
        if plot:
            at_last.callback(_save_plot, advice, plot)


def _asked_of(server: str, target: str, *, verify: bool, cores: int | None, **measuring: Any) -> Advice:
    """What the server says of what is measured here."""
    from advisor import api
    from advisor.cli import remote

    if verify:
        raise UsageError("--verify and --server exclude each other: a server runs nothing")
    remote.check_address(server)
    profile, job = api.measure_target(target, **measuring)
    advice = remote.ask(server, profile, calls=job.calls, cores=cores)
    return api.with_code_here(advice, profile, measuring["inputs"], measuring["calls"])


@advise.command()
@click.argument("text", nargs=-1, required=True)
@json_option
@calls_option
@cores_option
@server_option
def describe(text: tuple[str, ...], as_json: bool, calls: int | None, cores: int | None, server: str | None) -> None:
    """Advise on a task described in words (- for standard input)."""
    if server:
        from advisor.cli import remote

        return _show(remote.ask(server, _description(text), calls=calls, cores=cores), as_json=as_json)
    with _quick_start():
        from advisor import api
        from advisor.host.machine import limits

        advice = api.advise_description(_description(text), calls=calls, machine=limits(), cores=cores)
        return _show(advice, as_json=as_json)


@contextlib.contextmanager
def _quick_start() -> Iterator[None]:
    """Leaves out what takes a quarter of a short answer's time: collecting garbage, and looking for pydantic's plugins.

    Pydantic reads the metadata of every installed package for them; nothing that is imported here could have any. What
    was imported is of use until the end, where the interpreter would look through all of it once more.
    """
    import gc

    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collecting:
            gc.enable()


def _description(words: Sequence[str]) -> str:
    if list(words) == ["-"]:
        return sys.stdin.buffer.read(MAX_DESCRIPTION_INPUT).decode("utf-8", "replace")
    # Bytes of the command line that are no UTF-8 arrive as lone surrogates, which no JSON document may hold.
    return " ".join(words).encode("utf-8", "replace").decode("utf-8")


@advise.command()
@click.argument("words", nargs=-1)
@json_option
def matrix(words: tuple[str, ...], as_json: bool) -> None:
    """Show what decides: matrix, lists, rules, pitfalls and lexicon.

    With WORDS, such as `pillow` or `sqlite3`, only what the lexicon says of them.
    """
    from advisor.decide.reference import as_json as tables

    said = " ".join(words)
    rows = tables(said)
    if said and not rows["lexicon"]:
        raise UsageError(f"the lexicon says nothing of {said!r}")
    if as_json:
        import json

        return _write(json.dumps(rows, indent=2, ensure_ascii=False))
    from advisor.report.matrix import as_text

    return _print(lambda screen: as_text(rows, screen))


@advise.command()
@click.option("--host", default="127.0.0.1", envvar="ADVISOR_HOST", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, envvar="ADVISOR_PORT", help="0 picks a free one.")
@click.option(
    "--workers", type=whole_number(MAX_WORKERS), envvar="ADVISOR_WORKERS", help="Processes; default: as advised."
)
@click.option(
    "--threads", type=whole_number(MAX_WORKERS), envvar="ADVISOR_THREADS", help="Of each; default: as advised."
)
@click.option("--token-file", metavar="FILE", envvar="ADVISOR_TOKEN_FILE", help="Tokens, a line each: one is needed.")
@click.option("--rate-limit", metavar="RATE", envvar="ADVISOR_RATE_LIMIT", help="Such as 600/minute, for each client.")
@click.option(
    "--journal",
    envvar="ADVISOR_JOURNAL",
    default=OWN,
    metavar="ADDRESS",
    help="Where advice given and outcomes reported are kept: a file, postgresql+psycopg://user@host/database, or off; "
    "default: the user's own file.",
)
@click.option(
    "--journal-descriptions",
    is_flag=True,
    default=None,
    envvar="ADVISOR_JOURNAL_DESCRIPTIONS",
    help="Keep questions in words, too.",
)
def serve(host: str, port: int, workers: int | None, threads: int | None, **chosen: Any) -> None:
    """Answer over HTTP: POST /v1/advice, and a page for people.

    Each option may be set by the environment, as ADVISOR_HOST, ADVISOR_PORT and so on; docs/service.md has the others.
    SIGTERM ends it when all is answered, SIGHUP reads the token file and the settings again.
    """
    from advisor.service import create_app, server, settings

    server.serve(
        server.ServerOptions(host, port, workers, threads),
        read_settings=lambda: settings.settings(**chosen),
        create_app=create_app,
        on_message=lambda line: click.echo(line, err=True),
    )


advise.add_command(journal_commands)


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[float, str], None] | None]:
    """What shows the progress, on a terminal; elsewhere nobody would watch it."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console

    from advisor.report.terminal import progress_bar

    with progress_bar(Console(stderr=True)) as show:
        yield show


def _show(advice: Advice, *, as_json: bool, code: bool = False) -> None:
    if as_json:
        return _write(advice.model_dump_json(indent=2))
    if code:
        return _write(advice.snippet.rstrip("\n"))
    from advisor.report.terminal import as_text

    return _print(lambda screen: as_text(advice, screen))


def _print(as_text: Callable[[Screen], str]) -> None:
    """A text for people, as standard output can show it."""
    from advisor.report.layout import Screen

    click.echo(as_text(Screen.of(sys.stdout)), nl=False, color=True)


def _write(document: str) -> None:
    """A document for programs: UTF-8, whatever the terminal's encoding."""
    click.echo(document.encode("utf-8", "replace"))


def _check_plot(plot: str) -> None:
    from advisor.report.plot import check_plot

    check_plot(plot)


def _save_plot(advice: Advice, plot: str) -> None:
    from advisor import api
    from advisor.report.plot import save_plot

    save_plot(advice, api.curves(advice), plot)


def _check(path: Path) -> None:
    from advisor.report import atomic_write

    with _writing(path):
        atomic_write.check(path)


def _save(path: Path, text: str) -> None:
    from advisor.report.atomic_write import atomic_write

    with _writing(path), atomic_write(path) as file:
        file.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error
