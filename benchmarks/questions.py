"""Bodies for `POST /v1/advice`, as people send them: described tasks from the texts in the repository, and profiles
from the oracle's records.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from profiles.outcomes import FOLDER

Subject = Literal["descriptions", "profiles"]

TEXTS: Final = Path(__file__).resolve().parent.parent / "profiles" / "descriptions"
HANDFUL: Final = 8
SECONDS: Final = ("wall", "gil_held", "gil_free", "gil_blocked", "child_cpu", "wait", "run_queue", "pickle_seconds")
SPREAD: Final = 0.5  # standard deviation of the logarithm of what a profile's seconds are multiplied by


def handful(subject: Subject) -> list[bytes]:
    """A few that a team would ask again and again."""
    bodies = different(subject, random.Random(1))
    return [next(bodies) for _ in range(HANDFUL)]


def different(subject: Subject, draw: random.Random) -> Iterator[bytes]:
    """Without end, and hardly ever two alike."""
    while True:
        if subject == "descriptions":
            question: dict[str, Any] = {"description": draw.choice(_texts())}
        else:
            question = {"profile": _scaled(draw.choice(_profiles()), draw.lognormvariate(0, SPREAD))}
        host = {"cores": draw.choice((2, 4, 8, 16, 32))}
        yield json.dumps({**question, "calls": draw.randint(10, 1_000_000), "machine": host}).encode()


def _scaled(profile: dict[str, Any], factor: float) -> dict[str, Any]:
    """The same work on a host that is so many times as slow."""
    errors = profile.get("standard_error") or {}
    seconds = {name: profile[name] * factor for name in SECONDS if profile.get(name) is not None}
    scaled = {name: value * factor if name in SECONDS else value for name, value in errors.items()}
    return {**profile, **seconds, "standard_error": scaled}


@cache
def _texts() -> list[str]:
    lines = [line for path in sorted(TEXTS.glob("*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()]
    return [json.loads(line)["text"] for line in lines]


@cache
def _profiles() -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes())["profile"] for path in sorted(FOLDER.rglob("*.json"))]
