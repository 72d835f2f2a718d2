"""Check the table of obstacles: `python -m advisor.describe.obstacles.schema` prints every line that breaks the schema.

Only this check and the tests use the schema; at run time the packaged files are trusted.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from advisor.describe.lexicon.schema import Fact, NonEmpty, Url, read_lines, report
from advisor.describe.obstacles.table import FILE

MIN_EXAMPLES = 6


class ObstacleLine(BaseModel):
    """One line of the table."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: NonEmpty = Field(max_length=60)
    cause: Fact = Field(description="one sentence: what the symptom shows")
    remedy: Fact = Field(description="one sentence: what to do first")
    source: Url
    examples: list[NonEmpty] = Field(min_length=MIN_EXAMPLES, description="wordings that people use for it")


def find_errors(file: Path = FILE) -> Iterator[str]:
    """Yield the lines that break the schema or the order of names, and examples that are used twice."""
    used: dict[str, str] = {}
    previous = ""
    for location, row, errors in read_lines(file, ObstacleLine):
        yield from errors
        if row is None:
            continue
        if row.name.lower() <= previous:
            yield f"{location}: {row.name!r} is not in order"
        previous = row.name.lower()
        for example in row.examples:
            if example.lower() in used:
                yield f"{location}: the example {example!r} is already used at {used[example.lower()]}"
            used.setdefault(example.lower(), location)


if __name__ == "__main__":
    sys.exit(report(find_errors()))
