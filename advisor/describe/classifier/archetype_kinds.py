"""What the calls of each archetype do, and so which verdicts it can stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from advisor.models import Recommendation

Kind = Literal["waits", "computes", "sequential"]

NATIVE: Final = "native"
KINDS: Final[dict[str, Kind]] = {
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
KIND_OF_VERDICT: Final[dict[Recommendation, Kind]] = {
    "threading": "waits",
    "asyncio": "waits",
    "multiprocessing": "computes",
    "interpreters": "computes",
    "sequential": "sequential",
}


def fitting(verdict: Recommendation, shares: Mapping[str, float]) -> str:
    """Of archetypes with their probabilities, the likeliest whose calls do what the verdict is for.

    Threads for what is likelier to compute than to wait are threads for native code that releases the GIL.
    """
    kind = KIND_OF_VERDICT.get(verdict)
    fit = {name: share for name, share in shares.items() if kind is None or KINDS[name] == kind}
    if not fit:
        return max(shares, key=shares.__getitem__)
    computing = sum(share for name, share in shares.items() if KINDS[name] == "computes")
    if verdict == "threading" and NATIVE in fit and computing > sum(fit.values()):
        return NATIVE
    return max(fit, key=fit.__getitem__)
