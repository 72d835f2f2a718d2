"""`advise journal`: what an operator does with one."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from advisor.errors import UsageError
from advisor.journal import KEEP_DAYS, OFF, OWN, open_journal

if TYPE_CHECKING:
    from advisor.journal.journal import Journal

address_option = click.option(
    "--journal",
    "address",
    envvar="ADVISOR_JOURNAL",
    metavar="ADDRESS",
    default=OWN,
    help="A file, sqlite:///file.db or postgresql+psycopg://user@host/database; also ADVISOR_JOURNAL. "
    "Default: the user's own.",
)


@click.group()
def journal() -> None:
    """Keep the journal of advice given and of what it brought."""


@journal.command()
@address_option
def upgrade(address: str) -> None:
    """Bring the tables to where this version needs them, or make them.

    The server does so too when it starts; this is for who would rather do it before.
    """
    with _opened(address) as journal:
        found = journal.upgrade()
        click.echo(f"{journal.name}: {'new' if found is None else f'was at revision {found}'}, is up to date", err=True)


@journal.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@address_option
def export(folder: Path, address: str) -> None:
    """Write what was reported as training records into FOLDER, in the format of profiles/recorded/."""
    with _opened(address, must_exist=True) as journal:
        try:
            written, left_out = journal.export(folder)
        except OSError as error:
            raise UsageError(f"cannot write into {folder}: {error.strerror}") from error
    click.echo(f"{written} records; left out, since nothing was measured: {left_out} reports", err=True)


@journal.command()
@click.option(
    "--older-than",
    "days",
    type=click.FloatRange(min=0),
    default=KEEP_DAYS,
    metavar="DAYS",
    help=f"Since it was last asked or reported of; default {KEEP_DAYS:g}.",
)
@address_option
def prune(days: float, address: str) -> None:
    """Remove old advice and its outcomes. The server does so too, in passing."""
    with _opened(address, must_exist=True) as journal:
        click.echo(f"{journal.prune(days)} removed", err=True)


def _opened(address: str, *, must_exist: bool = False) -> contextlib.closing[Journal]:
    if address == OFF:
        raise UsageError("the journal is off (ADVISOR_JOURNAL): name one with --journal")
    journal = open_journal(address)
    if must_exist and not journal.exists():
        raise UsageError(f"there is no journal at {journal.name}")
    return contextlib.closing(journal)
