"""The form of the lexicon's files and of the table of obstacles; at run time the packaged files are trusted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from advisor.describe.archetype_profiles import archetypes
from advisor.describe.lexicon.lookup import FILES, MAX_WORD, fold
from advisor.describe.obstacles.table import FILE as OBSTACLES
from advisor.models import EntryKind, Trait, WorkType

MIN_EXAMPLES = 6
NAMED_KINDS = frozenset({"library", "program", "service"})  # facts about these need a source

NonEmpty = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Word = Annotated[str, StringConstraints(min_length=2, max_length=MAX_WORD)]
Module = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_]\w*(\.\w+)*$")]
Fact = Annotated[str, StringConstraints(min_length=2, max_length=260, strip_whitespace=True, pattern=r"\.$")]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+/?\S*$")]


class Statement(BaseModel):
    """Knowledge of an operation of a library, and the words that name it in prose."""

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
        if archetype is not None and archetype not in archetypes():
            raise ValueError(f"unknown archetype {archetype!r}; known: {', '.join(sorted(archetypes()))}")
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


def lexicon_errors(files: tuple[Path, ...] = FILES) -> Iterator[str]:
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


class ObstacleLine(BaseModel):
    """One line of the table."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: NonEmpty = Field(max_length=60)
    cause: Fact = Field(description="one sentence: what the symptom shows")
    remedy: Fact = Field(description="one sentence: what to do first")
    source: Url
    examples: list[NonEmpty] = Field(min_length=MIN_EXAMPLES, description="wordings that people use for it")


def obstacle_errors(file: Path = OBSTACLES) -> Iterator[str]:
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
