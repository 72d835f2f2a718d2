"""Tell where a described call works, as far as it is known of the libraries and operations that the text names.

The classifier decides what nothing is known of. What a clause sets aside ("no longer with pandas") is left out, and
where a clause is blamed for the time, only what it names counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from advisor.describe.archetype_profiles import Work
from advisor.describe.lexicon.lookup import find_entries, find_operations
from advisor.describe.text.clauses import extract_clauses, role_at
from advisor.describe.text.quantities import Quantities
from advisor.describe.text.symptoms import find_symptoms
from advisor.describe.text.tokenizer import lowercase
from advisor.models import LexiconEntry, Recommendation

NAMED: Final = frozenset({"library", "program"})
WAITS: Final = frozenset({"network", "disk", "database", "device"})
COMPUTES: Final = frozenset({"holds", "releases", "mixed", "parallel"})
MAY_BE_PARALLEL: Final = frozenset({"dataframe", "machine-learning", "native", "image", "video", "mixed"})
HELPED: Final = frozenset({"threads helped", "processes helped"})
IN_PYTHON: Final = frozenset({"calculation", "simulation", "machine-learning", "crypto", "mixed"})
FOR_THREADS: Final = frozenset({"threads helped", "processes failed"})
FOR_PROCESSES: Final = frozenset({"threads failed", "processes helped"})
FEW_CORES: Final = 1.5
_NOT_PARALLEL: Final = frozenset({"one core busy", "async", "depends", "responsive", "shared"})
# A number of threads for each call, or a device other than the CPU: "intra_op_num_threads=1", "use_threads=False".
_THREADS_SET: Final = (  # compiled on first use, which takes longer than reading most texts
    r"(?:threads?|n_?jobs|omp|intra_op|concurrency|workers)(?:[ =(]|set|limited|to)*(?:\d|one\b|false)"
    r"|\b(?:single|one|1|одном)[- ](?:thread|поток)|(?:pinned|limited) to (?:\d|one)|\b(?:gpu|cuda|rtx|nvidia|geforce)"
)


class KnownWork(NamedTuple):
    """Knowledge of the things that a text names, the place where a call works if all of it agrees, and attempts."""

    entries: tuple[LexiconEntry, ...]
    work: Work | None
    is_of_operation: bool  # known of an operation, not only of a library
    outcomes: frozenset[str]  # such as "threads failed"
    lock: frozenset[str]  # what the writer states about it, such as "lock kept"


def known_work(text: str) -> KnownWork:
    """Return what is known of the things that a text names."""
    clauses, lower = extract_clauses(text), lowercase(text).replace("\n", " ")
    matches = [match for match in find_entries(lower) if role_at(clauses, match.start) != "set aside"]
    named = [found for match in matches for found in find_operations(match, lower)]
    operations = {position for entry, position in named if entry.kind in NAMED}
    found = [
        (entry, role)
        for entry, position in named
        if (entry.kind in NAMED or position not in operations) and (role := role_at(clauses, position)) != "set aside"
    ]
    blamed = [entry for entry, role in found if role == "blamed"]
    asserted = [entry for entry, role in found if role != "wished"]
    return KnownWork(
        tuple(dict.fromkeys(entry for entry, _ in found)),
        _common_work(blamed) or _common_work(asserted),
        not {entry for entry, _ in found if entry.kind in NAMED} <= {match.entry for match in matches},
        frozenset(clause.outcome for clause in clauses if clause.outcome),
        frozenset(clause.lock for clause in clauses if clause.lock and not clause.hypothetical),
    )


def _common_work(entries: Iterable[LexiconEntry]) -> Work | None:
    """Return where the libraries and programs work, unless they or the verbs and services disagree."""
    works = {work for entry in entries if entry.kind in NAMED and (work := _work(entry))}
    if len(works) > 1 and works <= {"holds", "mixed", "releases"}:
        works = {"mixed" if "releases" in works else "holds"}
    if len(works) != 1:
        return None
    work = works.pop()
    others = {entry.works for entry in entries if entry.kind in ("verb", "service")}
    contrary = WAITS if work in COMPUTES else COMPUTES if work == "waits" else {"holds"}
    return None if others & contrary else work


def _work(entry: LexiconEntry) -> Work | None:
    if entry.works in WAITS:
        return None if "already-parallel" in entry.traits else "waits"
    if "already-parallel" in entry.traits:  # one that calls your code in parallel is no work by itself
        return "parallel" if entry.works == "releases" else None
    return entry.works if entry.works in ("holds", "releases", "mixed", "child") else None


def by_known_work(
    known: KnownWork, verdict: Recommendation, archetype: str, quantities: Quantities, text: str
) -> tuple[Recommendation, str, Work | None]:
    """Correct a verdict that is not possible where a call is known to work, unless the text states why it is.

    What the writer states about the lock counts more than what is known of a library. Returns the verdict, the
    archetype, and where the call works; None for a call that works in Python code besides.
    """
    lower = lowercase(text)
    work, signs = known.work, find_symptoms(lower)
    python = "python" in lower or "python computes" in signs
    kept, released = (statement in known.lock for statement in ("lock kept", "lock released"))
    if kept and not released and verdict in ("threading", "multiprocessing"):
        return "multiprocessing", archetype if verdict == "multiprocessing" else "calculation", "holds"
    if released and not kept and verdict == "multiprocessing" and not (python or known.outcomes & FOR_PROCESSES):
        return "threading", "native", "releases"
    python = python or archetype == "simulation" or (archetype in IN_PYTHON and not known.is_of_operation)
    if work != "holds" and python and verdict == "multiprocessing":
        return verdict, archetype, None
    is_pool = verdict in ("threading", "multiprocessing")
    if work == "child" and is_pool and (verdict == "multiprocessing" or archetype in MAY_BE_PARALLEL):
        return "threading", "child-program", work
    may_be_parallel = archetype in MAY_BE_PARALLEL and _NOT_PARALLEL.isdisjoint(signs)
    if work == "parallel" and is_pool and may_be_parallel and not _is_limited(known, quantities, text):
        return "sequential", "parallel", work
    if work == "releases" and verdict == "multiprocessing" and not known.outcomes & FOR_PROCESSES:
        return "threading", archetype, work
    is_native = archetype in ("native", "compression")
    if work == "holds" and verdict == "threading" and is_native and not known.outcomes & FOR_THREADS:
        return "multiprocessing", "calculation", work
    return verdict, archetype, work


def _is_limited(known: KnownWork, quantities: Quantities, text: str) -> bool:
    """Return True if the text says that calls keep few cores busy, whatever the library can do."""
    busy = quantities.busy_cores
    return (
        (busy is not None and busy < FEW_CORES)
        or bool(quantities.wait_share or known.outcomes & HELPED or re.search(_THREADS_SET, lowercase(text)))
        or any("responsive" in entry.traits for entry in known.entries)
    )
