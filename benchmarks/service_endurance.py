"""Check that the service loses nothing while workers are killed, it reloads, and its database goes away.

    python -m benchmarks.service_endurance [--minutes 10] [--database postgresql|sqlite] [--report]

Clients send questions, report outcomes and follow links, over persistent and new connections. Meanwhile workers get
SIGKILL, the server gets SIGHUP, and the journal's database is unavailable for a while: a PostgreSQL in a temporary
folder, stopped normally and as in a crash, or an SQLite file that is moved away.

Every request must be answered, refused with a problem document of status 503 (but never a question), or cut off because
its worker was killed. At the end, every acknowledged outcome must be in the database, and every link must lead to its
advice. The exit status is 1 if something was lost or a request failed. `--report` updates docs/service-load.md.
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
from benchmarks.endurance_client import FAILURES, MEANING, Client, Ledger, merge
from benchmarks.questions import Subject, different_bodies, repeated_bodies
from benchmarks.serving import Server, serving

DOCUMENT: Final = Path(__file__).resolve().parent.parent / "docs" / "service-load.md"
CLIENTS: Final = 4
RECOVERY: Final = 30.0  # seconds for the service to have its database and all workers again
SUBJECTS: Final[tuple[Subject, ...]] = ("descriptions", "profiles")


@dataclass(frozen=True)
class Plan:
    """Seconds between two disturbances of each kind, and the load."""

    seconds: float
    kill: float
    reload: float
    outage: float
    outage_lasts: float
    requests: float  # per second, of all clients together
    workers: int
    threads: int


@dataclass
class Disturbances:
    """The disturbances so far."""

    killed: list[float] = field(default_factory=list)  # times
    reloads: int = 0
    outages: int = 0
    workers: int = 0  # at the end


@dataclass(frozen=True)
class Lost:
    """Outcomes that the service promised to keep and lost."""

    outcomes: Sequence[str] = ()  # notes of acknowledged outcomes that are not in the database
    advice: Sequence[str] = ()  # ids of links that lead nowhere


def schedule(plan: Plan) -> list[tuple[float, str]]:
    """Return the disturbances with their seconds from the start; the database is back before the end."""
    events = [(when, "kill") for when in _every(plan.kill, plan.seconds)]
    events += [(when, "reload") for when in _every(plan.reload, plan.seconds)]
    for when in _every(plan.outage, plan.seconds - plan.outage_lasts):
        events += [(when, "stop"), (when + plan.outage_lasts, "start")]
    return sorted(events)


def _every(period: float, seconds: float) -> Iterator[float]:
    return itertools.takewhile(lambda when: when < seconds, itertools.count(period, period))


def endure(plan: Plan, store: Database, server: Server) -> tuple[Ledger, Disturbances]:
    """Run the clients and the disturbances."""
    disturbances = Disturbances()
    ledgers = [Ledger() for _ in range(CLIENTS)]
    over = threading.Event()
    pause = CLIENTS / plan.requests
    clients = [
        threading.Thread(target=_use, args=(server.url, ledger, disturbances.killed, number, pause, over))
        for number, ledger in enumerate(ledgers)
    ]
    for client in clients:
        client.start()
    try:
        _disturb(plan, store, server, disturbances)
    finally:
        over.set()
        for client in clients:
            client.join()
    return merge(ledgers), disturbances


def _use(url: str, ledger: Ledger, killed: Sequence[float], number: int, pause: float, over: threading.Event) -> None:
    """Send mostly questions, many of them the same, then reports and look-ups."""
    draw = random.Random(number)
    client = Client(url, ledger, killed, persistent=number % 2 == 0)
    known = [body for subject in SUBJECTS for body in repeated_bodies(subject)]
    new = {subject: different_bodies(subject, draw) for subject in SUBJECTS}
    try:
        for turn in itertools.count():
            if over.wait(draw.expovariate(1 / pause)):
                return
            kind = draw.choices(("known", "new", "report", "follow"), (6, 1, 4, 3))[0]
            if kind == "known" or not ledger.ids:
                client.ask(draw.choice(known))
            elif kind == "new":
                client.ask(next(new[draw.choice(SUBJECTS)]))
            elif kind == "report":
                client.report(draw.choice(list(ledger.ids)), draw.uniform(0.1, 100.0), f"{number}-{turn}")
            else:
                client.follow(draw.choice(list(ledger.ids)))
    finally:
        client.close()


def _disturb(plan: Plan, store: Database, server: Server, disturbances: Disturbances) -> None:
    draw = random.Random(0)
    began = time.monotonic()
    with _progress(plan.seconds) as on_progress:
        for when, event in [*schedule(plan), (plan.seconds, "end")]:
            while (left := began + when - time.monotonic()) > 0:
                on_progress(
                    time.monotonic() - began,
                    f"{len(disturbances.killed)} workers killed, {disturbances.outages} outages",
                )
                time.sleep(min(left, 1.0))
            if event == "kill":
                with contextlib.suppress(IndexError, psutil.NoSuchProcess):
                    worker = draw.choice(server.workers())
                    disturbances.killed.append(time.monotonic())
                    worker.kill()
            elif event == "reload":
                server.process.send_signal(signal.SIGHUP)
                disturbances.reloads += 1
            elif event == "stop":
                store.stop()
                disturbances.outages += 1
            elif event == "start":
                store.start()


def wait_for_recovery(plan: Plan, server: Server, disturbances: Disturbances, ledger: Ledger) -> None:
    """Wait until the service has its workers and its database again, for a limited time."""
    deadline = time.monotonic() + RECOVERY
    probe = Client(server.url, Ledger(), disturbances.killed, persistent=False)
    while time.monotonic() < deadline:
        disturbances.workers = len(server.workers())
        if disturbances.workers == plan.workers and all(
            probe.follow(id) for id in list(ledger.ids)[: 4 * plan.workers]
        ):
            return
        time.sleep(0.5)


def find_lost(store: Database, server: Server, ledger: Ledger) -> Lost:
    """Compare the ledger with the database, and follow its links."""
    stored = notes(store.address)
    client = Client(server.url, Ledger(), (), persistent=False)
    return Lost(
        outcomes=[note for note in ledger.acknowledged if note not in stored],
        advice=[id for id in ledger.ids if not client.follow(id)],
    )


def violations(ledger: Ledger, lost: Lost, *, workers: int, expected: int) -> list[str]:
    """Return what violates the requirements; empty if nothing does."""
    found = []
    for failure in FAILURES:
        if count := sum(number for (_, fate), number in ledger.counts.items() if fate == failure):
            found.append(f"{count} requests {failure}: {MEANING[failure]}")
    if lost.outcomes:
        found.append(f"{len(lost.outcomes)} acknowledged outcomes are not in the database: {_some(lost.outcomes)}")
    if lost.advice:
        found.append(f"{len(lost.advice)} links lead nowhere: {_some(lost.advice)}")
    if workers != expected:
        found.append(f"{workers} workers at the end instead of {expected}")
    if not ledger.ids or not ledger.acknowledged:
        found.append("the service kept nothing at all, so it could lose nothing")
    return found


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")


def table(counts: Mapping[tuple[Any, Any], int]) -> str:
    """Return a Markdown table: a row for each kind of request, a column for each fate."""
    columns = [fate for fate in MEANING if any(each == fate for _, each in counts)]
    lines = [f"| request | {' | '.join(columns)} |", f"| --- |{' ---: |' * len(columns)}"]
    for kind in sorted({kind for kind, _ in counts}):
        lines.append(f"| {kind} | {' | '.join(f'{counts.get((kind, fate), 0):,}' for fate in columns)} |")
    return "\n".join([*lines, "", *(f"- {fate}: {MEANING[fate]}" for fate in columns)])


def report(
    plan: Plan, store: Database, ledger: Ledger, disturbances: Disturbances, twice: int, violated: Sequence[str]
) -> str:
    verdict = "nothing was lost" if not violated else "FAILED: " + "; ".join(violated)
    return (
        f"{plan.seconds / 60:g} minutes on {store.name}: {len(disturbances.killed)} workers killed, "
        f"{disturbances.reloads} reloads, {disturbances.outages} outages of {plan.outage_lasts:g} s; "
        f"{ledger.counts.total():,} requests, the "
        f"slowest response after {ledger.slowest:.1f} s. {len(ledger.acknowledged):,} outcomes were acknowledged "
        f"({twice} are stored twice, since they were sent again), {len(ledger.ids):,} links given: {verdict}.\n\n"
        f"{table(ledger.counts)}"
    )


@contextlib.contextmanager
def _progress(seconds: float) -> Iterator[Any]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("starting", total=seconds)

        def on_progress(done: float, text: str) -> None:
            progress.update(bar, completed=done, description=text)

        yield on_progress


def run(plan: Plan, kind: Any) -> tuple[str, list[str]]:
    """Return the report, and what violates the requirements."""
    with database(kind) as store:
        environment = {"ADVISOR_JOURNAL": store.address, "ADVISOR_JOURNAL_DESCRIPTIONS": "1"}
        with serving("service", workers=plan.workers, threads=plan.threads, environment=environment) as server:
            ledger, disturbances = endure(plan, store, server)
            wait_for_recovery(plan, server, disturbances, ledger)
            lost = find_lost(store, server, ledger)
            twice = sum(count > 1 for count in notes(store.address).values())
            violated = violations(ledger, lost, workers=disturbances.workers, expected=plan.workers)
            if violated:
                print("\n".join([*ledger.failures[:20], server.log.read_text()[-5000:]]), file=sys.stderr)
            return report(plan, store, ledger, disturbances, twice, violated), violated


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
    parser.add_argument("--requests", type=float, default=25.0, help="per second (default 25)")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2, help="of each worker")
    parser.add_argument("--report", action="store_true", help="update docs/service-load.md")
    options = vars(parser.parse_args())
    kind, update = options.pop("database") or best(), options.pop("report")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    try:
        text, violated = run(Plan(seconds=60 * options.pop("minutes"), **options), kind)
    except KeyboardInterrupt:
        sys.exit("stopped")
    print(text)
    if update:
        renew(DOCUMENT, "endurance", text)
    sys.exit(1 if violated else 0)


if __name__ == "__main__":
    main()
