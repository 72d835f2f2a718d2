"""`advise describe`: print the advice on a task described in words."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from advisor.cli.options import calls_option, cores_option, html_option, json_option, server_option
from advisor.cli.output import check_file, print_advice, write_html
from advisor.input_limits import MAX_DESCRIPTION_INPUT

if TYPE_CHECKING:
    from advisor.models import Advice


@click.command()
@click.argument("text", nargs=-1, required=True)
@json_option
@html_option
@calls_option
@cores_option
@server_option
def describe(text: tuple[str, ...], as_json: bool, html: str | None, server: str | None, **plan: int | None) -> None:
    """Advise on a task described in words.

    TEXT is the description, such as "download 500 pages, 200 ms each". Use - to read it from standard input.
    """
    check_file(html)
    with _fast_start():
        advice = _ask(server, _description(text), **plan)
        try:
            if html:
                write_html(advice, html)
        finally:
            print_advice(advice, as_json=as_json)


def _ask(server: str | None, text: str, *, calls: int | None, cores: int | None) -> Advice:
    if server is not None:
        from advisor.cli.remote_advice import ask

        return ask(server, text, calls=calls, cores=cores)
    from advisor import api
    from advisor.host.machine import unmeasured_machine

    return api.advise_description(text, calls=calls, machine=unmeasured_machine(), cores=cores)


@contextlib.contextmanager
def _fast_start() -> Iterator[None]:
    """Skip garbage collection and pydantic's search for plugins: a quarter of the time that a short answer takes.

    Pydantic reads the metadata of every installed package to find plugins, and the interpreter would traverse all
    imported modules once more at exit.
    """
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


def _description(words: Sequence[str]) -> str:
    if list(words) == ["-"]:
        return sys.stdin.buffer.read(MAX_DESCRIPTION_INPUT).decode("utf-8", "replace")
    # Bytes of the command line that are not UTF-8 arrive as lone surrogates, which JSON cannot hold.
    return " ".join(words).encode("utf-8", "replace").decode("utf-8")
