"""The table of obstacles: `obstacles.jsonl`, one JSON object a line, sorted by name.

To add an obstacle, add a line with at least six wordings that people use for it, and train the matcher again
(`python -m benchmarks.obstacles --train`). `tests/lexicon_schema.py` describes the fields.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from advisor.models import Obstacle

FILE = Path(__file__).with_name("obstacles.jsonl")


@cache
def obstacles() -> tuple[Obstacle, ...]:
    """Return all obstacles in the order of the file."""
    lines = FILE.read_text("utf-8").splitlines()
    return tuple(Obstacle(**{**fields, "examples": tuple(fields["examples"])}) for fields in map(json.loads, lines))
