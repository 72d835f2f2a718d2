"""Measure the throughput of the service, compared with a Flask view that only validates the same bodies.

    python -m benchmarks.service_load [PIECE ...] [--rounds 5] [--seconds 4] [--report]

Both run under the same gunicorn with the same workers and threads. Wrk loads them in turn, for several rounds; a run in
which one worker got all the connections is repeated. `repeated` sends the same eight bodies, which are answered from
the cache; `different` never sends the same body twice. `memory` sends 100,000 requests, every twentieth a new one, and
measures the memory of the server's processes once the cache is full. Each piece exists with a journal too
(`repeated-journal`, …): an SQLite file that also keeps descriptions. Default: all six, which takes about ten minutes on
an idle host. Needs wrk.

`--report` saves the figures in docs/service-load.json and updates docs/service-load.md from them, so that the pieces
can be measured one by one.
"""

from __future__ import annotations

import argparse
import itertools
import random
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from advisor.report.atomic_write import atomic_write
from advisor.service.server import advised_concurrency
from benchmarks.document import renew
from benchmarks.questions import Subject, different_bodies, repeated_bodies
from benchmarks.serving import Server, serving
from benchmarks.wrk import Load, WrkError, load

Kind = Literal["repeated", "different", "memory"]

SUBJECTS: Final[tuple[Subject, ...]] = ("descriptions", "profiles")
PIECES: Final = ("repeated", "different", "memory", "repeated-journal", "different-journal", "memory-journal")
DOCUMENT: Final = Path(__file__).resolve().parent.parent / "docs" / "service-load.md"
FIGURES: Final = DOCUMENT.with_suffix(".json")
WARM_UP_SECONDS: Final = 2
BODIES: Final = 40_000  # different ones in the file that is sent
NEW_EVERY: Final = 20  # requests, while memory is measured
MIN_SHARE: Final = 0.5  # of the mean CPU time of the workers, for each of them in a balanced run
ATTEMPTS: Final = 5  # to get a balanced run
FILLING: Final = 3500  # requests for curves, whose documents are large, until the cache is full
SAMPLE_SECONDS: Final = 5  # between two samples of the memory
FLAT: Final = 0.03  # largest growth over the second half of the requests

OnStep = Callable[[str], None]
"""Receives the name of each step."""


class Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class LoadSettings(Record):
    """Settings of a measurement, the same for both servers."""

    workers: int
    threads: int
    connections: int
    rounds: int
    seconds: int  # of a run


class Figures(Record):
    """Medians over the rounds."""

    rate: float  # requests per second
    p50: float  # seconds
    p99: float
    cpu: float  # seconds of the server's processes, per request


class Comparison(Record):
    """The service and the bare view, with one kind of bodies."""

    kind: Kind
    journal: bool
    subject: Subject
    settings: LoadSettings
    service: Figures
    bare: Figures
    ratio: float  # of the rates, the median over the rounds


class MemoryGrowth(Record):
    """Memory of the server while requests are sent."""

    journal: bool
    settings: LoadSettings
    requests: list[int]  # so far, at each sample
    bytes: list[int]

    @property
    def growth(self) -> float:
        """Return the relative growth over the second half of the requests."""
        half = next(index for index, count in enumerate(self.requests) if count >= self.requests[-1] / 2)
        return self.bytes[-1] / self.bytes[half] - 1


class Results(Record):
    """All that was measured."""

    compared: list[Comparison] = []
    memory: list[MemoryGrowth] = []

    def merge(self, other: Results) -> Results:
        """Return these results, replaced by newer ones of the same pieces."""
        compared = {(each.kind, each.journal, each.subject): each for each in (*self.compared, *other.compared)}
        memory = {each.journal: each for each in (*self.memory, *other.memory)}
        return Results(
            compared=[compared[key] for key in sorted(compared)], memory=[memory[key] for key in sorted(memory)]
        )


@dataclass(frozen=True)
class Bench:
    """The two servers, and a folder for the bodies."""

    service: Server
    bare: Server
    folder: Path
    settings: LoadSettings
    on_step: OnStep


def compare(kind: Kind, journal: bool, settings: LoadSettings, on_step: OnStep) -> Iterator[Comparison]:
    """Compare the service with the bare view, for each kind of subject."""
    workers, threads = settings.workers, settings.threads
    with (
        _temporary_folder(journal) as (folder, environment),
        serving("service", workers=workers, threads=threads, environment=environment) as service,
        serving("bare view", workers=workers, threads=threads) as bare,  # uses no CPU while it is not loaded
    ):
        bench = Bench(service, bare, folder, settings, on_step)
        for subject in SUBJECTS:
            yield _compare(bench, kind, journal, subject)


def _compare(bench: Bench, kind: Kind, journal: bool, subject: Subject) -> Comparison:
    if kind == "repeated":
        bodies = repeated_bodies(subject)
    else:
        bodies = list(itertools.islice(different_bodies(subject, random.Random(subject)), BODIES))
    file = _write_bodies(bench.folder / f"{subject}-{kind}", bodies)
    settings = bench.settings
    runs: dict[Server, list[tuple[Load, float]]] = {bench.service: [], bench.bare: []}
    offsets = dict.fromkeys(runs, 0)
    for number in range(-1, settings.rounds):  # the first round warms up
        for server in (bench.service, bench.bare) if number % 2 else (bench.bare, bench.service):
            name = "service" if server is bench.service else "bare view"
            bench.on_step(f"{subject}, {kind}{', journal' if journal else ''}: {name}")
            seconds = settings.seconds if number >= 0 else WARM_UP_SECONDS
            run, cpu = _balanced_run(server, file, offsets[server], settings.connections, seconds)
            offsets[server] = run.offset
            if server is bench.service and kind == "different" and run.wraps:
                raise WrkError(f"{BODIES} different bodies were too few for so fast a server")
            if number >= 0:
                runs[server].append((run, cpu))
    pairs = zip(runs[bench.service], runs[bench.bare], strict=True)
    return Comparison(
        kind=kind,
        journal=journal,
        subject=subject,
        settings=settings,
        service=_medians(runs[bench.service]),
        bare=_medians(runs[bench.bare]),
        ratio=median(service.rate / bare.rate for (service, _), (bare, _) in pairs),
    )


def _balanced_run(server: Server, bodies: Path, offset: int, connections: int, seconds: int) -> tuple[Load, float]:
    """Return a run in which every worker took part, and the CPU seconds of a request.

    The worker that wakes up first accepts a connection. Now and then one worker gets all of them.
    """
    for _ in range(ATTEMPTS):
        before = server.cpu_seconds()
        run = _load(server, bodies, offset, connections, seconds)
        spent = [cpu - before.get(pid, 0.0) for pid, cpu in server.cpu_seconds().items()]
        if run.requests and is_balanced(spent):
            break
        offset = run.offset
    if not run.requests:
        sys.exit(f"no request was answered within {seconds} s: the host is too busy to measure")
    return run, sum(spent) / run.requests


def is_balanced(seconds: list[float]) -> bool:
    """Return True if each worker used its share of the CPU seconds."""
    return min(seconds) >= MIN_SHARE * sum(seconds) / len(seconds)


def measure_memory(journal: bool, settings: LoadSettings, requests: int, on_step: OnStep) -> MemoryGrowth:
    """Send requests, and sample the memory of the server in between."""
    name = f"memory{', journal' if journal else ''}"
    with (
        _temporary_folder(journal) as (folder, environment),
        serving("service", workers=settings.workers, threads=settings.threads, environment=environment) as server,
    ):
        bodies = _write_bodies(folder / "mixed", itertools.islice(_mixed_bodies(), requests))
        on_step(f"{name}: filling the cache")
        _fill_cache(server, folder / "filling", settings.connections)
        offset = _load(server, bodies, 0, settings.connections, WARM_UP_SECONDS).offset
        counts, sizes = [0], [server.memory()]
        while counts[-1] < requests:
            on_step(f"{name}: {counts[-1]:,} of {requests:,} requests")
            run = _load(server, bodies, offset, settings.connections, SAMPLE_SECONDS)
            offset = run.offset
            counts.append(counts[-1] + run.requests)
            sizes.append(server.memory())
        return MemoryGrowth(journal=journal, settings=settings, requests=counts, bytes=sizes)


def _mixed_bodies() -> Iterator[bytes]:
    draw = random.Random(0)
    known = [body for subject in SUBJECTS for body in repeated_bodies(subject)]
    new = {subject: different_bodies(subject, draw) for subject in SUBJECTS}
    for number in itertools.count():
        yield draw.choice(known) if number % NEW_EVERY else next(new[draw.choice(SUBJECTS)])


def _fill_cache(server: Server, file: Path, connections: int) -> None:
    """Fill the cache, which would look like a leak otherwise."""
    bodies = _write_bodies(file, itertools.islice(different_bodies("profiles", random.Random(1)), 2 * FILLING))
    sent = offset = 0
    while sent < FILLING:
        run = _load(server, bodies, offset, connections, SAMPLE_SECONDS, "/v1/curves")
        sent, offset = sent + run.requests, run.offset


def _write_bodies(file: Path, bodies: Iterable[bytes]) -> Path:
    file.write_bytes(b"".join(body + b"\n" for body in bodies))
    return file


def _load(server: Server, bodies: Path, offset: int, connections: int, seconds: int, path: str = "/v1/advice") -> Load:
    run = load(f"{server.url}{path}", bodies, offset=offset, connections=connections, seconds=seconds)
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
def _temporary_folder(journal: bool) -> Iterator[tuple[Path, dict[str, str]]]:
    """Make a folder for the bodies and the journal; also returns the environment for the server."""
    with tempfile.TemporaryDirectory(prefix="load-") as name:
        environment = {"ADVISOR_JOURNAL": f"{name}/journal.db", "ADVISOR_JOURNAL_DESCRIPTIONS": "1"}
        yield Path(name), environment if journal else {"ADVISOR_JOURNAL": "off"}


def format_comparison(result: Comparison) -> str:
    return (
        f"{result.subject}, {result.kind}{', with a journal' if result.journal else ''}: "
        f"{result.service.rate:,.0f} requests/s, {result.ratio:.2f} of a bare view's {result.bare.rate:,.0f}; "
        f"p50 {_ms(result.service.p50)} (bare {_ms(result.bare.p50)}), p99 {_ms(result.service.p99)} "
        f"(bare {_ms(result.bare.p99)})"
    )


def format_memory(result: MemoryGrowth) -> str:
    return (
        f"memory{', with a journal' if result.journal else ''}: {_mb(result.bytes[0])} before, {_mb(result.bytes[-1])} "
        f"after {result.requests[-1]:,} requests; over the second half {result.growth:+.1%}: "
        f"{'flat' if result.growth < FLAT else 'NOT flat'}"
    )


def tables(results: Results) -> str:
    """Return the results as Markdown tables."""
    lines = [
        "| bodies | journal | subjects | runs | workers × threads | requests/s | bare view | ratio | p50 | p99 "
        "| bare p50 | bare p99 | CPU/request | bare |",
        "| --- | --- | --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for each in results.compared:
        latencies = (each.service.p50, each.service.p99, each.bare.p50, each.bare.p99, each.service.cpu, each.bare.cpu)
        lines.append(
            f"| {each.kind} | {_journal(each.journal)} | {each.subject} "
            f"| {each.settings.rounds} × {each.settings.seconds} s | {each.settings.workers} × {each.settings.threads} "
            f"| {each.service.rate:,.0f} | {each.bare.rate:,.0f} | {each.ratio:.2f} "
            f"| {' | '.join(map(_ms, latencies))} |"
        )
    lines += ["", "| journal | requests | memory | memory over the second half |", "| --- | ---: | ---: | --- |"]
    for growth in results.memory:
        lines += [f"| {_journal(growth.journal)} | {count:,} | {_mb(size)} | |" for count, size in _few_samples(growth)]
        lines[-1] = lines[-1].removesuffix("|") + f"{growth.growth:+.1%} |"
    return "\n".join(lines)


def _few_samples(growth: MemoryGrowth) -> list[tuple[int, int]]:
    """Return about six of the samples, among them the first and the last."""
    samples = list(zip(growth.requests, growth.bytes, strict=True))
    step = max(1, -(-(len(samples) - 1) // 5))
    return [*samples[:-1:step], samples[-1]]


def _journal(journal: bool) -> str:
    return "SQLite" if journal else "off"


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.2g} ms" if seconds < 0.099 else f"{1000 * seconds:.0f} ms"


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f} MB"


def measure(pieces: list[str], settings: LoadSettings, requests: int) -> Results:
    """Measure the pieces, and print a line for each result."""
    results = Results()
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=Console(stderr=True)
    ) as progress:
        runs = sum(0 if piece.startswith("memory") else 4 * (settings.rounds + 1) for piece in pieces)
        bar = progress.add_task("starting", total=runs + sum(piece.startswith("memory") for piece in pieces))

        def on_step(text: str) -> None:
            progress.update(bar, description=text, advance=0 if text.startswith("memory") else 1)

        for piece in pieces:
            journal = piece.endswith("-journal")
            if piece.startswith("memory"):
                growth = measure_memory(journal, settings, requests, on_step)
                progress.advance(bar)
                results = results.merge(Results(memory=[growth]))
                print(format_memory(growth), flush=True)
                continue
            kind: Kind = "repeated" if piece.startswith("repeated") else "different"
            for comparison in compare(kind, journal, settings, on_step):
                results = results.merge(Results(compared=[comparison]))
                print(format_comparison(comparison), flush=True)
    return results


def save(results: Results) -> None:
    """Merge the results into the saved ones, and update the document."""
    saved = Results.model_validate_json(FIGURES.read_bytes()) if FIGURES.exists() else Results()
    merged = saved.merge(results)
    with atomic_write(FIGURES) as temporary:
        temporary.write_text(merged.model_dump_json(indent=1) + "\n", encoding="utf-8")
    renew(DOCUMENT, "load", tables(merged))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pieces", nargs="*", metavar="PIECE", help=f"of {', '.join(PIECES)}; default: all")
    parser.add_argument("--rounds", type=int, default=5, help="measured runs of each server (default 5)")
    parser.add_argument("--seconds", type=int, default=4, help="duration of a run (default 4)")
    parser.add_argument("--connections", type=int, default=8, help="open connections of wrk (default 8)")
    parser.add_argument("--workers", type=int, help="of each server (default: as advise serve)")
    parser.add_argument("--threads", type=int, help="of each worker (default: as advise serve)")
    parser.add_argument("--requests", type=int, default=100_000, help="while memory is measured (default 100,000)")
    parser.add_argument("--report", action="store_true", help="update docs/service-load.md")
    options = parser.parse_args()
    if unknown := set(options.pieces) - set(PIECES):
        parser.error(f"unknown piece {', '.join(sorted(unknown))}; choose from {', '.join(PIECES)}")
    workers, threads = advised_concurrency()
    options.workers, options.threads = options.workers or workers, options.threads or threads
    names = LoadSettings.model_fields
    settings = LoadSettings(**{name: value for name, value in vars(options).items() if name in names})
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # so that the servers are stopped
    try:
        results = measure(options.pieces or list(PIECES), settings, options.requests)
    except WrkError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("stopped")
    if options.report:
        save(results)


if __name__ == "__main__":
    main()
