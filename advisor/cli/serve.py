"""`advise serve`: run the HTTP service."""

from __future__ import annotations

from typing import Any

import click

from advisor.cli.options import whole_number
from advisor.input_limits import MAX_WORKERS
from advisor.journal import USER_FILE


@click.command(context_settings={"auto_envvar_prefix": "ADVISOR"})
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="Address to listen on. Default: 127.0.0.1.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, metavar="PORT", help="0 picks a free one. Default: 8000."
)
@click.option(
    "--workers",
    type=whole_number(MAX_WORKERS),
    metavar="N",
    help="Worker processes. Default: as advised for this host.",
)
@click.option(
    "--threads",
    type=whole_number(MAX_WORKERS),
    metavar="N",
    help="Threads per worker. Default: as advised for this host.",
)
@click.option("--token-file", metavar="FILE", help="Require one of the tokens in FILE, which has one per line.")
@click.option("--rate-limit", metavar="RATE", help="Limit each client to RATE, such as 600/minute.")
@click.option(
    "--journal",
    default=USER_FILE,
    metavar="ADDRESS",
    help="Where to store advice and reported outcomes: a file, postgresql+psycopg://user@host/database, or off. "
    "Default: a file in the user's data directory.",
)
@click.option("--journal-descriptions", is_flag=True, default=None, help="Store descriptions in words too.")
def serve(host: str, port: int, workers: int | None, threads: int | None, **options: Any) -> None:
    """Serve advice over HTTP: POST /v1/advice, and a web page.

    Each option can be set by an environment variable: ADVISOR_HOST, ADVISOR_PORT and so on; docs/service.md lists
    further ones. SIGTERM stops the server after the running requests; SIGHUP reloads the token file and the settings.
    """
    from advisor.service import create_app, server, settings

    server.serve(
        server.ServerOptions(host, port, workers, threads),
        read_settings=lambda: settings.settings(**options),
        create_app=create_app,
        on_message=lambda line: click.echo(line, err=True),
    )
