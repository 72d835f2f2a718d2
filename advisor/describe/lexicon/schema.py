"""Check the lexicon: `python -m advisor.describe.lexicon.schema` prints every line that breaks the schema.

Only this check and the tests use the schema; at run time the packaged files are trusted.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from advisor.describe.lexicon.lookup import FILES, MAX_WORD, fold
from advisor.models import EntryKind, Trait, WorkType

NAMED_KINDS = frozenset({"library", "program", "service"})  # facts about these need a source
ARCHETYPES = frozenset(json.loads(Path(__file__).parents[1].joinpath("archetype_profiles.json").read_bytes()))

NonEmpty = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Word = Annotated[str, StringConstraints(min_length=2, max_length=MAX_WORD)]
Module = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_]\w*(\.\w+)*$")]
Fact = Annotated[str, StringConstraints(min_length=2, max_length=260, strip_whitespace=True, pattern=r"\.$")]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+/?\S*$")]


class Statement(BaseModel):
    """What is known of an operation of a library, and the words that it is called by in prose."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    words: list[Word] = Field(min_length=1, description="lower case; a trailing `*` stands for any ending")
    works: WorkType = Field(description="where the work happens; `none` if the word says nothing about that")
    archetype: str | None = Field(None, description="the kind of call that it stands for, if there is one")
    traits: list[Trait] = []
    fact: Fact = Field(description="one sentence, shown to users as a reason")
    version: NonEmpty | None = Field(None, description="the version that the fact was checked for, if it may change")
    source: Url | None = None

    @field_validator("words")
    @classmethod
    def _words_are_normalized(cls, words: list[str]) -> list[str]:
        for word in words:
            if word != " ".join(word.lower().split()) or "’" in word:
                raise ValueError(f"{word!r} must be in lower case with single spaces and straight quotes")
            if not re.search(r"\w", word):
                raise ValueError(f"{word!r} must contain a letter or digit")
        return words

    @field_validator("archetype")
    @classmethod
    def _archetype_exists(cls, archetype: str | None) -> str | None:
        if archetype is not None and archetype not in ARCHETYPES:
            raise ValueError(f"unknown archetype {archetype!r}; known: {', '.join(sorted(ARCHETYPES))}")
        return archetype


class LexiconLine(Statement):
    """One line of a lexicon file."""

    name: NonEmpty
    kind: EntryKind
    imports: list[Module] = Field([], description="the modules by which a program imports it")
    operations: list[Statement] = Field([], description="where an operation works, if it is known apart")

    @model_validator(mode="after")
    def _named_entries_have_a_source(self) -> LexiconLine:
        if self.kind in NAMED_KINDS and any(said.source is None for said in (self, *self.operations)):
            raise ValueError(f"a {self.kind} needs a source")
        return self


Line = TypeVar("Line", bound=BaseModel)


def read_lines(file: Path, schema: type[Line]) -> Iterator[tuple[str, Line | None, list[str]]]:
    """Yield the location of each line, the line if it fits the schema, and otherwise what is wrong with it."""
    for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1):
        location = f"{file.name}:{number}"
        try:
            yield location, schema.model_validate_json(line), []
        except ValidationError as error:
            found = ((".".join(map(str, problem["loc"])), problem["msg"]) for problem in error.errors())
            yield location, None, [f"{location}: {field}{': ' if field else ''}{message}" for field, message in found]


def find_errors(files: tuple[Path, ...] = FILES) -> Iterator[str]:
    """Yield the lines that break the schema, and duplicate names and words."""
    names: dict[str, str] = {}
    words: dict[str, str] = {}
    for location, entry, errors in (line for file in files for line in read_lines(file, LexiconLine)):
        yield from errors
        if entry is None:
            continue
        used = [(names, entry.name.lower(), f"name {entry.name!r}")]
        used += [(words, fold(word), f"word {word!r}") for word in entry.words]
        for seen, key, what in used:
            if key in seen:
                yield f"{location}: the {what} is already used at {seen[key]}"
            seen.setdefault(key, location)


def report(found: Iterable[str]) -> int:
    """Print the errors; return 1 if there are any."""
    errors = list(found)
    print("\n".join([*errors, f"{len(errors)} errors"]))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(report(find_errors()))
