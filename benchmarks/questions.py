"""Realistic bodies for `POST /v1/advice`: the repository's descriptions, and the profiles of the oracle's records."""

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
REPEATED: Final = 8  # bodies
SECONDS: Final = ("wall", "gil_held", "gil_free", "gil_blocked", "child_cpu", "wait", "run_queue", "pickle_seconds")
SPREAD: Final = 0.5  # standard deviation of the logarithm of the factor of a profile's seconds


def repeated_bodies(subject: Subject) -> list[bytes]:
    """Return the few bodies that are sent again and again."""
    bodies = different_bodies(subject, random.Random(1))
    return [next(bodies) for _ in range(REPEATED)]


def different_bodies(subject: Subject, draw: random.Random) -> Iterator[bytes]:
    """Generate bodies without end, hardly ever the same twice."""
    while True:
        if subject == "descriptions":
            question: dict[str, Any] = {"description": draw.choice(_texts())}
        else:
            question = {"profile": _scaled(draw.choice(_profiles()), draw.lognormvariate(0, SPREAD))}
        machine = {"cores": draw.choice((2, 4, 8, 16, 32))}
        yield json.dumps({**question, "calls": draw.randint(10, 1_000_000), "machine": machine}).encode()


def _scaled(profile: dict[str, Any], factor: float) -> dict[str, Any]:
    """Return the profile of the same work on a host that is slower by this factor."""
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
