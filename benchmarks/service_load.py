"""How many questions a second the service answers, beside a bare Flask view that only validates the same bodies.

    python -m benchmarks.service_load [PIECE ...] [--rounds 5] [--seconds 4] [--report]

Both run under the same gunicorn with the same workers and threads, and wrk loads one after the other, round after
round; a run in which all connections fell to one worker is made again. `repeated` asks a handful of questions again and
again, as a team does, so that they come from memory; `different` never asks the same twice. `memory` sends 100,000
requests, every twentieth one new, and watches the memory of the server's processes, once the room for kept answers is
full. Each piece comes again with a journal (`repeated-journal`, …) in an SQLite file that keeps descriptions too.
Default: all six, some ten minutes on an otherwise idle host; needs wrk.

`--report` keeps the figures in docs/service-load.json and renews docs/service-load.md from them, so that the pieces may
be measured one by one.
"""

from __future__ import annotations

import argparse
import itertools
import random
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from advisor.report.atomic_write import atomic_write
from advisor.service.server import advised_concurrency
from benchmarks.document import renew
from benchmarks.questions import Subject, different, handful
from benchmarks.serving import Server, serving
from benchmarks.wrk import Load, WrkError, load

Kind = Literal["repeated", "different", "memory"]

SUBJECTS: Final[tuple[Subject, ...]] = ("descriptions", "profiles")
PIECES: Final = ("repeated", "different", "memory", "repeated-journal", "different-journal", "memory-journal")
DOCUMENT: Final = Path(__file__).resolve().parent.parent / "docs" / "service-load.md"
KEPT: Final = DOCUMENT.with_suffix(".json")
WARM_UP_SECONDS: Final = 2
BODIES: Final = 40_000  # different ones in the file that is sent
NEW_EVERY: Final = 20  # requests, while memory is watched
LEAST_PART: Final = 0.5  # of the mean of all workers, that each does in a run that counts
ATTEMPTS: Final = 5  # at such a run
FILLING: Final = 3500  # curves, whose documents are large, asked for until all that answers are kept in is full
BOUT_SECONDS: Final = 5  # between two looks at the memory
FLAT: Final = 0.03  # growth over the second half of the requests

Tell = Callable[[str], None]
"""Says what is being done, as one of many steps."""


class Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class Settings(Record):
    """The same for both servers."""

    workers: int
    threads: int
    connections: int
    rounds: int
    seconds: int  # of a run


class Figures(Record):
    """Medians over the rounds."""

    rate: float  # requests a second
    p50: float  # seconds
    p99: float
    cpu: float  # seconds of the server's processes, for a request


class Compared(Record):
    kind: Kind
    journal: bool
    subject: Subject
    settings: Settings
    service: Figures
    bare: Figures
    ratio: float  # of the rates, the median over the rounds


class Memory(Record):
    journal: bool
    settings: Settings
    requests: list[int]  # so far, at each look
    bytes: list[int]

    @property
    def growth(self) -> float:
        """Over the second half of the requests, as a part of what there was."""
        half = next(index for index, count in enumerate(self.requests) if count >= self.requests[-1] / 2)
        return self.bytes[-1] / self.bytes[half] - 1


class Kept(Record):
    compared: list[Compared] = []
    memory: list[Memory] = []

    def with_(self, other: Kept) -> Kept:
        """What is new takes the place of what was measured of the same."""
        places = {(one.kind, one.journal, one.subject): one for one in (*self.compared, *other.compared)}
        memory = {one.journal: one for one in (*self.memory, *other.memory)}
        return Kept(compared=[places[key] for key in sorted(places)], memory=[memory[key] for key in sorted(memory)])


def compare(kind: Kind, journal: bool, settings: Settings, tell: Tell) -> Iterator[Compared]:
    with _folder(journal) as (folder, environment), _both(settings, environment) as (service, bare):
        for subject in SUBJECTS:
            yield _compared(kind, journal, subject, settings, service, bare, folder, tell)


def _compared(
    kind: Kind,
    journal: bool,
    subject: Subject,
    settings: Settings,
    service: Server,
    bare: Server,
    folder: Path,
    tell: Tell,
) -> Compared:
    bodies = folder / f"{subject}-{kind}"
    draw = random.Random(subject)
    found = handful(subject) if kind == "repeated" else itertools.islice(different(subject, draw), BODIES)
    bodies.write_bytes(b"".join(body + b"\n" for body in found))
    runs: dict[Server, list[tuple[Load, float]]] = {service: [], bare: []}
    places = dict.fromkeys(runs, 0)
    for number in range(-1, settings.rounds):
        for server in (service, bare) if number % 2 else (bare, service):
            tell(
                f"{subject}, {kind}{', journal' if journal else ''}: {'service' if server is service else 'bare view'}"
            )
            seconds = settings.seconds if number >= 0 else WARM_UP_SECONDS
            run, cpu = _shared_run(server, bodies, places[server], settings.connections, seconds)
            places[server] = run.place
            if server is service and kind == "different" and run.turns:
                raise WrkError(f"{BODIES} different bodies were too few: a server that answers so fast needs more")
            if number >= 0:
                runs[server].append((run, cpu))
    ratios = [ours.rate / bare.rate for (ours, _), (bare, _) in zip(runs[service], runs[bare], strict=True)]
    return Compared(
        kind=kind,
        journal=journal,
        subject=subject,
        settings=settings,
        service=_medians(runs[service]),
        bare=_medians(runs[bare]),
        ratio=median(ratios),
    )


def _shared_run(server: Server, bodies: Path, place: int, connections: int, seconds: int) -> tuple[Load, float]:
    """A run in which every worker took part, and the CPU seconds of a request.

    Whoever is awake first takes a connection; now and then one worker has all of them, and the others none to work on.
    """
    for _ in range(ATTEMPTS):
        before = server.cpu_seconds()
        run = _load(server, bodies, place, connections, seconds)
        spent = [cpu - before.get(pid, 0.0) for pid, cpu in server.cpu_seconds().items()]
        if is_shared(spent):
            break
        place = run.place
    return run, sum(spent) / run.requests


def is_shared(seconds: list[float]) -> bool:
    """Whether each worker, of which these are the CPU seconds, did its part."""
    return min(seconds) >= LEAST_PART * sum(seconds) / len(seconds)


def watch_memory(journal: bool, settings: Settings, requests: int, tell: Tell) -> Memory:
    with (
        _folder(journal) as (folder, environment),
        serving("service", workers=settings.workers, threads=settings.threads, environment=environment) as server,
    ):
        bodies = folder / "mixed"
        bodies.write_bytes(b"".join(body + b"\n" for body in itertools.islice(_mixed(), requests)))
        tell(f"memory{', journal' if journal else ''}: what answers are kept in is filled")
        _fill(server, folder / "filling", settings.connections)
        place = _load(server, bodies, 0, settings.connections, WARM_UP_SECONDS).place
        counts, sizes = [0], [server.memory()]
        while counts[-1] < requests:
            tell(f"memory{', journal' if journal else ''}: {counts[-1]:,} of {requests:,} requests")
            run = _load(server, bodies, place, settings.connections, BOUT_SECONDS)
            place = run.place
            counts.append(counts[-1] + run.requests)
            sizes.append(server.memory())
        return Memory(journal=journal, settings=settings, requests=counts, bytes=sizes)


def _mixed() -> Iterator[bytes]:
    draw = random.Random(0)
    known = [body for subject in SUBJECTS for body in handful(subject)]
    new = {subject: different(subject, draw) for subject in SUBJECTS}
    for number in itertools.count():
        yield draw.choice(known) if number % NEW_EVERY else next(new[draw.choice(SUBJECTS)])


def _fill(server: Server, bodies: Path, connections: int) -> None:
    """Else memory would grow until there are enough answers, as it may."""
    profiles = itertools.islice(different("profiles", random.Random(1)), 2 * FILLING)
    bodies.write_bytes(b"".join(body + b"\n" for body in profiles))
    sent = place = 0
    while sent < FILLING:
        run = _load(server, bodies, place, connections, BOUT_SECONDS, "/v1/curves")
        sent, place = sent + run.requests, run.place


def _load(server: Server, bodies: Path, place: int, connections: int, seconds: int, path: str = "/v1/advice") -> Load:
    run = load(f"{server.url}{path}", bodies, place=place, connections=connections, seconds=seconds)
    if run.refused or run.lost:
        raise WrkError(f"{run.refused} of {run.requests} requests were refused, and {run.lost} lost")
    return run


def _medians(runs: list[tuple[Load, float]]) -> Figures:
    return Figures(
        rate=median(run.rate for run, _ in runs),
        p50=median(run.p50 for run, _ in runs),
        p99=median(run.p99 for run, _ in runs),
        cpu=median(cpu for _, cpu in runs),
    )


@contextmanager
def _folder(journal: bool) -> Iterator[tuple[Path, dict[str, str]]]:
    """For bodies and the journal, with the environment that says so."""
    with tempfile.TemporaryDirectory(prefix="load-") as name:
        kept = {"ADVISOR_JOURNAL": f"{name}/journal.db", "ADVISOR_JOURNAL_DESCRIPTIONS": "1"}
        yield Path(name), kept if journal else {"ADVISOR_JOURNAL": "off"}


@contextmanager
def _both(settings: Settings, environment: dict[str, str]) -> Iterator[tuple[Server, Server]]:
    """Side by side: the one that is not asked uses no CPU."""
    workers, threads = settings.workers, settings.threads
    with (
        serving("service", workers=workers, threads=threads, environment=environment) as service,
        serving("bare view", workers=workers, threads=threads) as bare,
    ):
        yield service, bare


def line_of(found: Compared) -> str:
    """As README quotes it."""
    return (
        f"{found.subject}, {found.kind}{', with a journal' if found.journal else ''}: "
        f"{found.service.rate:,.0f} requests/s, {found.ratio:.2f} of a bare view's {found.bare.rate:,.0f}; "
        f"p50 {_ms(found.service.p50)} (bare {_ms(found.bare.p50)}), p99 {_ms(found.service.p99)} "
        f"(bare {_ms(found.bare.p99)})"
    )


def line_of_memory(found: Memory) -> str:
    return (
        f"memory{', with a journal' if found.journal else ''}: {_mb(found.bytes[0])} before, {_mb(found.bytes[-1])} "
        f"after {found.requests[-1]:,} requests; over the second half {found.growth:+.1%}: "
        f"{'flat' if found.growth < FLAT else 'NOT flat'}"
    )


def tables(kept: Kept) -> str:
    lines = [
        "| bodies | journal | subjects | runs | crew | requests/s | bare view | ratio | p50 | p99 "
        "| bare p50 | bare p99 | CPU/request | bare |",
        "| --- | --- | --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for one in kept.compared:
        latencies = (one.service.p50, one.service.p99, one.bare.p50, one.bare.p99, one.service.cpu, one.bare.cpu)
        lines.append(
            f"| {one.kind} | {_on(one.journal)} | {one.subject} | {one.settings.rounds} × {one.settings.seconds} s "
            f"| {one.settings.workers} × {one.settings.threads} | {one.service.rate:,.0f} | {one.bare.rate:,.0f} "
            f"| {one.ratio:.2f} | {' | '.join(map(_ms, latencies))} |"
        )
    lines += ["", "| journal | requests | memory | memory over the second half |", "| --- | ---: | ---: | --- |"]
    for seen in kept.memory:
        lines += [f"| {_on(seen.journal)} | {count:,} | {_mb(size)} | |" for count, size in _a_few(seen)]
        lines[-1] = lines[-1].removesuffix("|") + f"{seen.growth:+.1%} |"
    return "\n".join(lines)


def _a_few(seen: Memory) -> list[tuple[int, int]]:
    """About six of the looks, the first and the last among them."""
    looks = list(zip(seen.requests, seen.bytes, strict=True))
    step = max(1, -(-(len(looks) - 1) // 5))
    return [*looks[:-1:step], looks[-1]]


def _on(journal: bool) -> str:
    return "SQLite" if journal else "off"


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.2g} ms" if seconds < 0.099 else f"{1000 * seconds:.0f} ms"


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f} MB"


def measure(pieces: list[str], settings: Settings, requests: int) -> Kept:
    """Prints a line for each figure as it comes."""
    found = Kept()
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=Console(stderr=True)
    ) as progress:
        runs = sum(0 if piece.startswith("memory") else 4 * (settings.rounds + 1) for piece in pieces)
        bar = progress.add_task("starting", total=runs + sum(piece.startswith("memory") for piece in pieces))

        def tell(text: str) -> None:
            progress.update(bar, description=text, advance=0 if text.startswith("memory") else 1)

        for piece in pieces:
            journal = piece.endswith("-journal")
            if piece.startswith("memory"):
                seen = watch_memory(journal, settings, requests, tell)
                progress.advance(bar)
                found = found.with_(Kept(memory=[seen]))
                print(line_of_memory(seen), flush=True)
                continue
            kind: Kind = "repeated" if piece.startswith("repeated") else "different"
            for one in compare(kind, journal, settings, tell):
                found = found.with_(Kept(compared=[one]))
                print(line_of(one), flush=True)
    return found


def keep(found: Kept) -> None:
    known = Kept.model_validate_json(KEPT.read_bytes()) if KEPT.exists() else Kept()
    whole = known.with_(found)
    with atomic_write(KEPT) as new:
        new.write_text(whole.model_dump_json(indent=1) + "\n", encoding="utf-8")
    renew(DOCUMENT, "load", tables(whole))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pieces", nargs="*", metavar="PIECE", help=f"of {', '.join(PIECES)}; default: all")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each server (default 5)")
    parser.add_argument("--seconds", type=int, default=4, help="a run takes (default 4)")
    parser.add_argument("--connections", type=int, default=8, help="of wrk at once (default 8)")
    parser.add_argument("--workers", type=int, help="of each server (default: as advise serve)")
    parser.add_argument("--threads", type=int, help="of each worker (default: as advise serve)")
    parser.add_argument("--requests", type=int, default=100_000, help="while memory is watched (default 100,000)")
    parser.add_argument("--report", action="store_true", help="renew docs/service-load.md")
    options = parser.parse_args()
    if unknown := set(options.pieces) - set(PIECES):
        parser.error(f"there is no piece {', '.join(sorted(unknown))}: there are {', '.join(PIECES)}")
    workers, threads = advised_concurrency()
    options.workers, options.threads = options.workers or workers, options.threads or threads
    names = Settings.model_fields
    settings = Settings(**{name: value for name, value in vars(options).items() if name in names})
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # else its servers would outlive it
    try:
        found = measure(options.pieces or list(PIECES), settings, options.requests)
    except WrkError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("stopped")
    if options.report:
        keep(found)


if __name__ == "__main__":
    main()
