"""Training records from reported outcomes, in the format of the reference workloads (`profiles/outcomes.py`).

Only measured profiles are exported: one assumed from a description says nothing about the quality of the model.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from advisor.journal.records import JournalEntry, Outcome
from advisor.models import Machine, Strategy
from advisor.report.atomic_write import atomic_write

FAMILY = "reported"


def export(entries: Iterable[tuple[JournalEntry, Sequence[Outcome]]], folder: Path) -> tuple[int, int]:
    """Write a file for each advice and size of job.

    Returns:
        The number of files written and the number of outcomes skipped.
    """
    written = skipped = 0
    for entry, outcomes in entries:
        if entry.advice.profile is None or entry.advice.profile.archetype is not None:
            skipped += len(outcomes)
            continue
        for calls in sorted({outcome.calls for outcome in outcomes}):
            same_job = [outcome for outcome in outcomes if outcome.calls == calls]
            _save(folder / _host_folder(entry.advice.machine), _record(entry, calls, same_job))
            written += 1
    return written, skipped


def _record(entry: JournalEntry, calls: int, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return a document of `profiles.outcomes.Outcome`, without defaults, as there."""
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
    """Group the reported seconds by strategy and workers."""
    seconds_by_plan: dict[tuple[Strategy, int], list[float]] = {}
    for outcome in outcomes:
        if outcome.sequential_seconds is not None:
            seconds_by_plan.setdefault(("sequential", 1), []).append(outcome.sequential_seconds)
        seconds_by_plan.setdefault((outcome.strategy, outcome.workers), []).append(outcome.seconds)
    chunks = {alternative.strategy: alternative.chunk for alternative in entry.advice.alternatives}
    return [  # calls per task are not reported, so the advised ones
        {"strategy": strategy, "workers": workers, "chunk": chunks.get(strategy, 1), "seconds": seconds}
        for (strategy, workers), seconds in seconds_by_plan.items()
    ]


def _host_folder(machine: Machine) -> str:
    """Return a folder name for the kind of host. The processor of a host that only asked is not known."""
    version = ".".join(machine.python.version.split(".")[:2]) + ("t" if machine.python.free_threaded else "")
    name = f"{FAMILY}-{machine.platform}-{machine.cores}-cores-{machine.python.implementation.lower()}-{version}"
    return "".join(character if character.isalnum() or character in "-._" else "_" for character in name)


def _save(folder: Path, document: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_write(folder / f"{document['workload']}.json") as file:
        file.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
