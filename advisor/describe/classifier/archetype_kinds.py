"""Kinds of archetypes: their calls wait, compute or must run in order, which decides the possible verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from advisor.models import Recommendation
from advisor.models.strategies import OWN_GIL, SEQUENTIAL, SHARED_MEMORY

ArchetypeKind = Literal["waits", "computes", "sequential"]

NATIVE: Final = "native"
KINDS: Final[dict[str, ArchetypeKind]] = {
    **dict.fromkeys(
        ("download", "api-call", "database", "file-io", "chat", "web-handler", "gui", "shared-state"), "waits"
    ),
    **dict.fromkeys(("child-program", NATIVE, "compression"), "waits"),
    **dict.fromkeys(
        ("image", "video", "simulation", "calculation", "crypto", "dataframe", "machine-learning", "parse", "mixed"),
        "computes",
    ),
    **dict.fromkeys(("serial", "tiny", "parallel"), "sequential"),
}
KIND_OF_VERDICT: Final[dict[Recommendation, ArchetypeKind]] = {
    **dict.fromkeys(SHARED_MEMORY, "waits"),
    **dict.fromkeys(OWN_GIL, "computes"),
    **dict.fromkeys(SEQUENTIAL, "sequential"),
}


def best_archetype(verdict: Recommendation, probabilities: Mapping[str, float]) -> str:
    """Return the most probable archetype whose kind fits the verdict.

    Threads for calls that more probably compute than wait are threads for native code that releases the GIL.
    """
    kind = KIND_OF_VERDICT.get(verdict)
    fitting = {name: share for name, share in probabilities.items() if kind is None or KINDS[name] == kind}
    if not fitting:
        return max(probabilities, key=probabilities.__getitem__)
    computing = sum(share for name, share in probabilities.items() if KINDS[name] == "computes")
    if verdict == "threading" and NATIVE in fitting and computing > sum(fitting.values()):
        return NATIVE
    return max(fitting, key=fitting.__getitem__)
