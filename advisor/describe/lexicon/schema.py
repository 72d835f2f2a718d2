"""What a line of the lexicon must look like. `python -m advisor.describe.lexicon.schema` checks all of them.

Only that check and the tests need it: loading trusts the files that the package ships.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from advisor.describe.lexicon.lookup import FILES, folded
from advisor.models import Kind, Trait, Works

NAMED = frozenset({"library", "program", "service"})  # their facts can be looked up, so they say where
ARCHETYPES = frozenset(
    [
        "download",
        "api-call",
        "database",
        "file-io",
        "image",
        "video",
        "simulation",
        "calculation",
        "crypto",
        "dataframe",
        "machine-learning",
        "parse",
        "child-program",
        "compression",
        "chat",
        "web-handler",
        "gui",
        "shared-state",
        "native",
        "mixed",
        "serial",
        "tiny",
        "parallel",
    ]
)

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Word = Annotated[str, StringConstraints(min_length=2, max_length=60)]
Module = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_]\w*(\.\w+)*$")]
Address = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+/?\S*$")]


class LexiconEntry(BaseModel):
    """One line of a lexicon file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Text
    kind: Kind
    words: list[Word] = Field(min_length=1, description="lower case; a trailing `*` stands for any ending")
    imports: list[Module] = Field([], description="the modules by which a program imports it")
    works: Works = Field(description="where the work happens; `none` when it says nothing of that")
    archetype: str | None = Field(None, description="what a call is like, if it is like one kind")
    traits: list[Trait] = []
    fact: Text = Field(max_length=260, description="one sentence, fit to be given as a reason")
    version: Text | None = Field(None, description="what the fact was checked for, where it can change")
    source: Address | None = None

    @field_validator("words")
    @classmethod
    def _words_are_written_as_they_are_compared(cls, words: list[str]) -> list[str]:
        for word in words:
            if word != " ".join(word.lower().split()) or "’" in word:
                raise ValueError(f"{word!r} is not in lower case with single spaces")
            if not re.search(r"\w", word) or "]" in word:
                raise ValueError(f"{word!r} has no letter, or a bracket that would end the list for a quick look")
        return words

    @field_validator("archetype")
    @classmethod
    def _archetype_is_known(cls, archetype: str | None) -> str | None:
        if archetype is not None and archetype not in ARCHETYPES:
            raise ValueError(f"no archetype is called {archetype!r}")
        return archetype

    @field_validator("fact")
    @classmethod
    def _fact_is_a_sentence(cls, fact: str) -> str:
        if not fact.endswith("."):
            raise ValueError("a fact ends with a full stop")
        return fact

    @model_validator(mode="after")
    def _what_can_be_looked_up_says_where(self) -> LexiconEntry:
        if self.kind in NAMED and self.source is None:
            raise ValueError(f"a {self.kind} needs a source")
        return self


def faults(files: tuple[Path, ...] = FILES) -> Iterator[str]:
    """What is wrong with the lexicon: lines that break the schema, names and words that stand there twice."""
    names: dict[str, str] = {}
    words: dict[str, str] = {}
    for file in files:
        for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1):
            place = f"{file.name}:{number}"
            try:
                entry = LexiconEntry.model_validate_json(line)
            except ValidationError as error:
                yield from (f"{place}: {problem['loc']}: {problem['msg']}" for problem in error.errors())
                continue
            yield from _repeated(names, entry.name.lower(), f"the name {entry.name!r}", place)
            for word in entry.words:
                yield from _repeated(words, folded(word), f"the word {word!r}", place)


def _repeated(seen: dict[str, str], key: str, what: str, place: str) -> Iterator[str]:
    if key in seen:
        yield f"{place}: {what} stands at {seen[key]} too"
    seen.setdefault(key, place)


def main() -> int:
    """Print what is wrong; the exit code says whether anything is."""
    found = list(faults())
    for fault in found:
        print(fault)
    print(f"{len(found)} faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
