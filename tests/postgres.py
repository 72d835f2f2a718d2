"""A PostgreSQL of our own: a cluster in a temporary folder, reached through a socket there, gone when the tests are."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg

USERS = ("postgres", "nobody")  # a server does not run as root
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")


def found() -> Path | None:
    """The folder of its programs."""
    known = [Path(path).resolve().parent for path in [shutil.which("initdb")] if path]
    folders = [*known, *(folder for place in PLACES for folder in sorted(Path("/").glob(place[1:]), reverse=True))]
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "pg_ctl").exists()), None)


class Cluster:
    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self._user = _somebody()
        self._numbers = count(1)
        if self._user is not None:
            os.chown(folder, self._user, -1)
        self._run("initdb", "--pgdata", f"{folder}/data", "--username", "advisor", "--auth", "trust", "--no-sync")
        self.start()

    def start(self) -> None:
        options = f"-k {self._folder} -c listen_addresses= -c fsync=off -c max_connections=50"
        log = f"{self._folder}/log"
        self._run("pg_ctl", "start", "--wait", "-s", "-D", f"{self._folder}/data", "-o", options, "-l", log)

    def stop(self, ending: str = "fast") -> None:
        self._run("pg_ctl", "stop", "--wait", "-s", "-D", f"{self._folder}/data", "-m", ending)

    def new_database(self) -> str:
        """Its address."""
        name = f"journal{next(self._numbers)}"
        with psycopg.connect(self._place("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://advisor:hush-hush@/{name}?host={self._folder}"

    def _place(self, database: str) -> str:
        return f"host={self._folder} user=advisor dbname={database}"

    def _run(self, program: str, *arguments: str) -> None:
        # The server inherits the streams, and a pipe would stay open for as long as it runs.
        with (self._folder / f"{program}.log").open("w") as log:
            command = [str(self._programs / program), *arguments]
            subprocess.run(command, check=True, cwd=self._folder, user=self._user, stdout=log, stderr=log, timeout=60)


def _somebody() -> int | None:
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry.pw_uid for entry in pwd.getpwall()}
    return next(known[name] for name in USERS if name in known)


@contextmanager
def cluster(programs: Path) -> Iterator[Cluster]:
    # Not pytest's temporary folder, which nobody else may enter, and whose path may be too long for a socket's.
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        made = Cluster(programs, Path(folder))
        try:
            yield made
        finally:
            made.stop()
