"""A temporary PostgreSQL server, reached through a socket in its own folder."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

USERS = ("postgres", "nobody")  # the server refuses to run as root
PROGRAM_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")


def find_programs() -> Path | None:
    """Return the folder of the server's programs, or None if it is not installed."""
    on_path = [Path(path).resolve().parent for path in [shutil.which("initdb")] if path]
    folders = [
        *on_path,
        *(folder for pattern in PROGRAM_FOLDERS for folder in sorted(Path("/").glob(pattern[1:]), reverse=True)),
    ]
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "pg_ctl").exists()), None)


class Cluster:
    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self._user = _unprivileged_user()
        if self._user is not None:
            os.chown(folder, self._user, -1)
        self._run("initdb", "--pgdata", f"{folder}/data", "--username", "advisor", "--auth", "trust", "--no-sync")
        self.start()

    def start(self) -> None:
        options = f"-k {self._folder} -c listen_addresses= -c fsync=off -c max_connections=50"
        log = f"{self._folder}/log"
        self._run("pg_ctl", "start", "--wait", "-s", "-D", f"{self._folder}/data", "-o", options, "-l", log)

    def stop(self, mode: str = "fast") -> None:
        self._run("pg_ctl", "stop", "--wait", "-s", "-D", f"{self._folder}/data", "-m", mode)

    def new_database(self) -> str:
        """Return the address of an empty database; it is the same one each time, since many take long to remove."""
        with psycopg.connect(f"host={self._folder} user=advisor dbname=template1", autocommit=True) as connection:
            connection.execute("DROP DATABASE IF EXISTS journal WITH (FORCE)")
            connection.execute("CREATE DATABASE journal")
        return f"postgresql+psycopg://advisor:hush-hush@/journal?host={self._folder}"

    def _run(self, program: str, *arguments: str) -> None:
        # The server inherits the streams; a pipe would stay open while it runs.
        with (self._folder / f"{program}.log").open("w") as log:
            command = [str(self._programs / program), *arguments]
            subprocess.run(command, check=True, cwd=self._folder, user=self._user, stdout=log, stderr=log, timeout=60)


def _unprivileged_user() -> int | None:
    """Return the user to run the server as if this process is root, else None."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry.pw_uid for entry in pwd.getpwall()}
    return next(known[name] for name in USERS if name in known)


@contextmanager
def cluster(programs: Path) -> Iterator[Cluster]:
    # Not pytest's temporary folder: other users cannot enter it, and its path may be too long for a socket.
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        server = Cluster(programs, Path(folder))
        try:
            yield server
        finally:
            server.stop("immediate")  # without a checkpoint
