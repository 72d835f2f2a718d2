"""`advise journal`: maintain a journal."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from advisor.errors import UsageError
from advisor.journal import DISABLED, KEEP_DAYS, USER_FILE, open_journal

if TYPE_CHECKING:
    from advisor.journal.journal import Journal

address_option = click.option(
    "--journal",
    "address",
    envvar="ADVISOR_JOURNAL",
    metavar="ADDRESS",
    default=USER_FILE,
    help="A file, sqlite:///file.db or postgresql+psycopg://user@host/database; also set by ADVISOR_JOURNAL. "
    "Default: a file in the user's data directory.",
)


@click.group()
def journal() -> None:
    """Maintain the journal of advice and reported outcomes."""


@journal.command()
@address_option
def upgrade(address: str) -> None:
    """Create the tables, or upgrade them to this version.

    The server does this at start-up; run it to upgrade beforehand.
    """
    with _open(address) as journal:
        found = journal.upgrade()
        before = "created" if found is None else f"was at revision {found}"
        click.echo(f"{journal.name}: {before}, now up to date", err=True)


@journal.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@address_option
def export(folder: Path, address: str) -> None:
    """Write reported outcomes as training records into FOLDER.

    The format is that of profiles/recorded/. Outcomes of advice that was not measured are skipped.
    """
    with _open(address, must_exist=True) as journal:
        try:
            written, skipped = journal.export(folder)
        except OSError as error:
            raise UsageError(f"cannot write into {folder}: {error.strerror}") from error
    click.echo(f"{written} records written; {skipped} outcomes without a measured profile skipped", err=True)


@journal.command()
@click.option(
    "--older-than",
    "days",
    type=click.FloatRange(min=0),
    default=KEEP_DAYS,
    metavar="DAYS",
    help=f"Days since the advice was last requested or reported on. Default: {KEEP_DAYS:g}.",
)
@address_option
def prune(days: float, address: str) -> None:
    """Remove old advice and its outcomes.

    The server does this from time to time.
    """
    with _open(address, must_exist=True) as journal:
        click.echo(f"{journal.prune(days)} removed", err=True)


def _open(address: str, *, must_exist: bool = False) -> contextlib.closing[Journal]:
    if address == DISABLED:
        raise UsageError("the journal is off (ADVISOR_JOURNAL): name one with --journal")
    journal = open_journal(address)
    if must_exist and not journal.exists():
        raise UsageError(f"there is no journal at {journal.name}")
    return contextlib.closing(journal)
