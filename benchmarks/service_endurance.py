"""The service with workers killed, reloads, and a database that goes and comes back: is anything lost?

    python -m benchmarks.service_endurance [--minutes 10] [--database postgresql|sqlite] [--report]

Clients ask, report outcomes and follow links, at a gentle pace and over kept and new connections, while workers are
ended by SIGKILL, the server is told to reload by SIGHUP, and its journal's database (a PostgreSQL of its own in a
temporary folder, stopped in order and as in a crash; else an SQLite file that is moved away) is gone for a while.

Every request must be answered, refused cleanly (a problem document with status 503, and never for advice), or cut off
because its very worker was killed. In the end every outcome that was acknowledged must be in the database, and every
link that was handed out must lead to its advice. Exit status 1 when something was lost, or was not as it must be;
nothing is left running. `--report` renews docs/service-load.md.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import random
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.databases import Database, best, database, notes
from benchmarks.document import renew
from benchmarks.endurance_client import BAD, MEANING, Client, Ledger, together
from benchmarks.questions import Subject, different, handful
from benchmarks.serving import Server, serving

DOCUMENT: Final = Path(__file__).resolve().parent.parent / "docs" / "service-load.md"
CLIENTS: Final = 4
RECOVERY: Final = 30.0  # seconds in which the service must find its database again, and have all its workers
SUBJECTS: Final[tuple[Subject, ...]] = ("descriptions", "profiles")


@dataclass(frozen=True)
class Plan:
    """Seconds from one disturbance to the next of its kind."""

    seconds: float
    kill: float
    reload: float
    outage: float
    outage_lasts: float
    requests: float  # a second, of all clients together
    workers: int
    threads: int


@dataclass
class Disturbed:
    """What was done to the server."""

    killed: list[float] = field(default_factory=list)  # when
    reloads: int = 0
    outages: int = 0
    workers: int = 0  # in the end


@dataclass(frozen=True)
class Lost:
    """What the service did not keep."""

    outcomes: Sequence[str] = ()  # notes of acknowledged ones that are not in the database
    advice: Sequence[str] = ()  # ids handed out that lead nowhere


def disturbances(plan: Plan) -> list[tuple[float, str]]:
    """Seconds from the start, and what is done then, in this order; the database is back before the end."""
    found = [(when, "kill") for when in _every(plan.kill, plan.seconds)]
    found += [(when, "reload") for when in _every(plan.reload, plan.seconds)]
    for when in _every(plan.outage, plan.seconds - plan.outage_lasts):
        found += [(when, "stop"), (when + plan.outage_lasts, "start")]
    return sorted(found)


def _every(period: float, seconds: float) -> Iterator[float]:
    return itertools.takewhile(lambda when: when < seconds, itertools.count(period, period))


def endure(plan: Plan, store: Database, server: Server) -> tuple[Ledger, Disturbed]:
    """Clients at work while the disturbances take their course."""
    disturbed = Disturbed()
    ledgers = [Ledger() for _ in range(CLIENTS)]
    over = threading.Event()
    pause = CLIENTS / plan.requests
    clients = [
        threading.Thread(target=_use, args=(server.url, ledger, disturbed.killed, number, pause, over))
        for number, ledger in enumerate(ledgers)
    ]
    for client in clients:
        client.start()
    try:
        _disturb(plan, store, server, disturbed)
    finally:
        over.set()
        for client in clients:
            client.join()
    return together(ledgers), disturbed


def _use(url: str, ledger: Ledger, killed: Sequence[float], number: int, pause: float, over: threading.Event) -> None:
    """As a team would: mostly questions, many of them the same, and reports on what was advised."""
    draw = random.Random(number)
    client = Client(url, ledger, killed, keep=number % 2 == 0)
    known = [body for subject in SUBJECTS for body in handful(subject)]
    new = {subject: different(subject, draw) for subject in SUBJECTS}
    try:
        for turn in itertools.count():
            if over.wait(draw.expovariate(1 / pause)):
                return
            what = draw.choices(("known", "new", "report", "follow"), (6, 1, 4, 3))[0]
            if what == "known" or not ledger.ids:
                client.ask(draw.choice(known))
            elif what == "new":
                client.ask(next(new[draw.choice(SUBJECTS)]))
            elif what == "report":
                client.report(draw.choice(list(ledger.ids)), draw.uniform(0.1, 100.0), f"{number}-{turn}")
            else:
                client.follow(draw.choice(list(ledger.ids)))
    finally:
        client.close()


def _disturb(plan: Plan, store: Database, server: Server, disturbed: Disturbed) -> None:
    draw = random.Random(0)
    began = time.monotonic()
    with _progress(plan.seconds) as tell:
        for when, what in [*disturbances(plan), (plan.seconds, "end")]:
            while (left := began + when - time.monotonic()) > 0:
                tell(time.monotonic() - began, f"{len(disturbed.killed)} workers killed, {disturbed.outages} outages")
                time.sleep(min(left, 1.0))
            if what == "kill":
                with contextlib.suppress(IndexError, psutil.NoSuchProcess):
                    worker = draw.choice(server.workers())
                    disturbed.killed.append(time.monotonic())
                    worker.kill()
            elif what == "reload":
                server.process.send_signal(signal.SIGHUP)
                disturbed.reloads += 1
            elif what == "stop":
                store.stop()
                disturbed.outages += 1
            elif what == "start":
                store.start()


def settle(plan: Plan, server: Server, disturbed: Disturbed, ledger: Ledger) -> None:
    """Until the service has its workers and its database again, or should have."""
    end = time.monotonic() + RECOVERY
    probe = Client(server.url, Ledger(), disturbed.killed, keep=False)
    while time.monotonic() < end:
        disturbed.workers = len(server.workers())
        if disturbed.workers == plan.workers and all(probe.follow(id) for id in list(ledger.ids)[: 4 * plan.workers]):
            return
        time.sleep(0.5)


def missing(store: Database, server: Server, ledger: Ledger) -> Lost:
    """Looked up in the database itself, and through the service."""
    there = notes(store.address)
    client = Client(server.url, Ledger(), (), keep=False)
    return Lost(
        outcomes=[note for note in ledger.acknowledged if note not in there],
        advice=[id for id in ledger.ids if not client.follow(id)],
    )


def complaints(ledger: Ledger, lost: Lost, *, workers: int, wanted: int) -> list[str]:
    """What is not as it must be; nothing, where all is well."""
    found = []
    for became in BAD:
        if count := sum(number for (_, kind), number in ledger.counts.items() if kind == became):
            found.append(f"{count} requests {became}: {MEANING[became]}")
    if lost.outcomes:
        found.append(f"{len(lost.outcomes)} acknowledged outcomes are not in the database: {_some(lost.outcomes)}")
    if lost.advice:
        found.append(f"{len(lost.advice)} links that were handed out lead nowhere: {_some(lost.advice)}")
    if workers != wanted:
        found.append(f"{workers} workers in the end instead of {wanted}")
    if not ledger.ids or not ledger.acknowledged:
        found.append("nothing was kept at all: there was nothing to lose")
    return found


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")


def table(counts: Mapping[tuple[Any, Any], int]) -> str:
    """A row for each thing that was asked for, a column for whatever became of any."""
    columns = [became for became in MEANING if any(kind == became for _, kind in counts)]
    lines = [f"| request | {' | '.join(columns)} |", f"| --- |{' ---: |' * len(columns)}"]
    for what in sorted({what for what, _ in counts}):
        lines.append(f"| {what} | {' | '.join(f'{counts.get((what, became), 0):,}' for became in columns)} |")
    return "\n".join([*lines, "", *(f"- {became}: {MEANING[became]}" for became in columns)])


def report(plan: Plan, store: Database, ledger: Ledger, disturbed: Disturbed, twice: int, wrong: Sequence[str]) -> str:
    verdict = "nothing was lost" if not wrong else "NOT as it must be: " + "; ".join(wrong)
    return (
        f"{plan.seconds / 60:g} minutes on {store.name}: {len(disturbed.killed)} workers killed, {disturbed.reloads} "
        f"reloads, {disturbed.outages} outages of {plan.outage_lasts:g} s; {ledger.counts.total():,} requests, the "
        f"slowest answered after {ledger.slowest:.1f} s. {len(ledger.acknowledged):,} outcomes were acknowledged "
        f"({twice} are there twice, since they were sent again), {len(ledger.ids):,} links handed out: {verdict}.\n\n"
        f"{table(ledger.counts)}"
    )


@contextlib.contextmanager
def _progress(seconds: float) -> Iterator[Any]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("starting", total=seconds)

        def tell(done: float, text: str) -> None:
            progress.update(bar, completed=done, description=text)

        yield tell


def run(plan: Plan, kind: Any) -> tuple[str, list[str]]:
    """The report, and what is wrong."""
    with database(kind) as store:
        environment = {"ADVISOR_JOURNAL": store.address, "ADVISOR_JOURNAL_DESCRIPTIONS": "1"}
        with serving("service", workers=plan.workers, threads=plan.threads, environment=environment) as server:
            ledger, disturbed = endure(plan, store, server)
            settle(plan, server, disturbed, ledger)
            lost = missing(store, server, ledger)
            twice = sum(count > 1 for count in notes(store.address).values())
            wrong = complaints(ledger, lost, workers=disturbed.workers, wanted=plan.workers)
            if wrong:
                print("\n".join([*ledger.wrong[:20], server.log.read_text()[-5000:]]), file=sys.stderr)
            return report(plan, store, ledger, disturbed, twice, wrong), wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument(
        "--database", choices=("postgresql", "sqlite"), help="default: PostgreSQL where it is installed"
    )
    parser.add_argument("--kill", type=float, default=15.0, help="seconds between two kills (default 15)")
    parser.add_argument("--reload", type=float, default=70.0, help="seconds between two reloads (default 70)")
    parser.add_argument("--outage", type=float, default=60.0, help="seconds from outage to outage (default 60)")
    parser.add_argument("--outage-lasts", type=float, default=12.0, help="seconds (default 12)")
    parser.add_argument("--requests", type=float, default=25.0, help="a second (default 25)")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2, help="of each worker")
    parser.add_argument("--report", action="store_true", help="renew docs/service-load.md")
    options = vars(parser.parse_args())
    kind, renewed = options.pop("database") or best(), options.pop("report")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    try:
        text, wrong = run(Plan(seconds=60 * options.pop("minutes"), **options), kind)
    except KeyboardInterrupt:
        sys.exit("stopped")
    print(text)
    if renewed:
        renew(DOCUMENT, "endurance", text)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
