"""What was reported → training records, in the format of the reference workloads' (`profiles/outcomes.py`).

Only of profiles that were measured: one that was assumed from a description says nothing about how good the model is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from advisor.journal.models import JournalEntry, Outcome
from advisor.models import Machine, Strategy
from advisor.report.atomic_write import atomic_write

FAMILY = "reported"


def export(entries: Iterable[tuple[JournalEntry, Sequence[Outcome]]], folder: Path) -> tuple[int, int]:
    """Writes a file for each advice and size of job; returns how many, and how many reports were left out."""
    written = left_out = 0
    for entry, outcomes in entries:
        if entry.advice.profile is None or entry.advice.profile.archetype is not None:
            left_out += len(outcomes)
            continue
        for calls in sorted({outcome.calls for outcome in outcomes}):
            same_job = [outcome for outcome in outcomes if outcome.calls == calls]
            _save(folder / kind_of(entry.advice.machine), record(entry, calls, same_job))
            written += 1
    return written, left_out


def record(entry: JournalEntry, calls: int, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """A document of `profiles.outcomes.Outcome`; what only says the default is left out, as there."""
    advice = entry.advice
    assert advice.profile is not None
    return {
        "workload": f"{FAMILY}.{entry.id}.{calls}",
        "calls": calls,
        "machine": advice.machine.model_dump(mode="json", exclude_defaults=True),
        "profile": advice.profile.model_dump(mode="json", exclude_defaults=True),
        "runs": _runs(entry, outcomes),
        "source": FAMILY,
    }


def _runs(entry: JournalEntry, outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Each way the job was done once, with the seconds that were reported of it, in that order."""
    ways: dict[tuple[Strategy, int], list[float]] = {}
    for outcome in outcomes:
        if outcome.sequential_seconds is not None:
            ways.setdefault(("sequential", 1), []).append(outcome.sequential_seconds)
        ways.setdefault((outcome.strategy, outcome.workers), []).append(outcome.seconds)
    return [
        {"strategy": strategy, "workers": workers, "chunk": _chunk(entry, strategy), "seconds": seconds}
        for (strategy, workers), seconds in ways.items()
    ]


def _chunk(entry: JournalEntry, strategy: Strategy) -> int:
    """Calls per task: nobody reports them, so those that were advised."""
    return next((one.chunk for one in entry.advice.alternatives if one.strategy == strategy), 1)


def kind_of(machine: Machine) -> str:
    """A host's kind as a folder's name. The processor's is not known of a host that only asked."""
    version = ".".join(machine.python.version.split(".")[:2]) + ("t" if machine.python.free_threaded else "")
    name = f"{FAMILY}-{machine.platform}-{machine.cores}-cores-{machine.python.implementation.lower()}-{version}"
    return "".join(one if one.isalnum() or one in "-._" else "_" for one in name)


def _save(folder: Path, document: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_write(folder / f"{document['workload']}.json") as file:
        file.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
