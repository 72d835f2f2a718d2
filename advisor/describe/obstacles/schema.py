"""Check the table of obstacles: `python -m advisor.describe.obstacles.schema` prints every line that breaks the schema.

Only this check and the tests use the schema; at run time the packaged files are trusted.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from advisor.describe.lexicon.schema import NonEmpty, Url
from advisor.describe.obstacles.table import FILE

MIN_EXAMPLES = 6


class ObstacleLine(BaseModel):
    """One line of the table."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: NonEmpty = Field(max_length=60)
    cause: NonEmpty = Field(max_length=260, description="one sentence: what the symptom shows")
    remedy: NonEmpty = Field(max_length=260, description="one sentence: what to do first")
    source: Url
    examples: list[NonEmpty] = Field(min_length=MIN_EXAMPLES, description="wordings that people use for it")

    @field_validator("cause", "remedy")
    @classmethod
    def _is_a_sentence(cls, text: str) -> str:
        if not text.endswith("."):
            raise ValueError("must end with a full stop")
        return text


def find_errors(file: Path = FILE) -> Iterator[str]:
    """Yield the lines that break the schema or the order of names, and examples that are used twice."""
    used: dict[str, str] = {}
    previous = ""
    for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1):
        location = f"{file.name}:{number}"
        try:
            row = ObstacleLine.model_validate_json(line)
        except ValidationError as error:
            for problem in error.errors():
                yield f"{location}: {'.'.join(map(str, problem['loc']))}: {problem['msg']}"
            continue
        if row.name.lower() <= previous:
            yield f"{location}: {row.name!r} is not in order"
        previous = row.name.lower()
        for example in row.examples:
            if example.lower() in used:
                yield f"{location}: the example {example!r} is already used at {used[example.lower()]}"
            used.setdefault(example.lower(), location)


def main() -> int:
    """Print the errors; return 1 if there are any."""
    errors = list(find_errors())
    print("\n".join([*errors, f"{len(errors)} errors"]))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
