"""What a text is judged by: its words, the pieces of its words, and the facts that the lexicon and its clauses give.

A feature is a name, and a text has it or not. Each comes with what to show of it when it decided: the words of the text
that it is a piece of, or the fact. What would tell a reader nothing, such as the length of the text, shows nothing.
"""

from __future__ import annotations

import math
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final, NamedTuple

from advisor.describe.lexicon.lookup import found_in
from advisor.describe.text.clauses import Clause, clauses
from advisor.describe.text.quantities import Quantities, quantities
from advisor.describe.text.symptoms import signs_in
from advisor.describe.text.tokenizer import lowered, vocabulary
from advisor.report import formatting

LONGEST: Final = 3_000  # characters; what is longer is a paste, and says what it is about in its first lines
PIECES: Final = (3, 4, 5)  # characters of a piece of a word, its ends marked
LONGEST_WORD: Final = 30

NOTHING: Final = ""  # to show

# Words that carry a sentence and tell a reader nothing about the task, though they weigh something.
_SAY_NOTHING: Final = vocabulary(
    "a about after again all also although am an and any anything are as at away be because been before being but by "
    "can can't could did didn't do does doesn't doing don't each else ever every for from get gets getting give go "
    "goes going got had has have having he her here him his how i i'd i'll i'm i've if in into is isn't it it's its "
    "just let like lot made make makes many me more most much my need needs no nor not now of off on one only or "
    "other our out over own per really run runs running s same she should so some something still such take takes "
    "than that that's the their them then there these they thing things this those through to too until up us use "
    "using very want was way we well were what when where which while who why will with without won't would yes yet "
    "you your k m n x ms min h gb mb kb tb # ? % times million thousand hundred der die das den dem des ein eine "
    "einen einem einer und oder mit ohne für von vom zu zum zur im ist sind war wird werden nicht kein keine auch nur "
    "noch aber wenn dass ich wir es sie er mein meine pro je auf aus bei nach über le la les un une du de et ou avec "
    "sans pour par sur dans est sont pas mon ma mes que qui ce il elle el los las una y o con sin para por en son mi "
    "mis lo se al del um uma os com sem na nas nos da dos não é e и в во на с со не по за из к у о от до я мы он она "
    "это что как для но"
)

_MARKS: Final = "\u0300-\u036f\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0900-\u0dff\u0e31-\u0e4e"
_TOKEN: Final = re.compile(rf"#|(?:[^\W_]|[{_MARKS}])+(?:'[a-z]{{1,2}}\b)?|\?|%")
_DIGITS: Final = re.compile(r"[0-9]+(?:[.,:'_ ][0-9]+)*")
_EDGE: Final = "_"


class Features(NamedTuple):
    """What a text has, by name, each with what to show of it."""

    words: Mapping[str, str]
    facts: Mapping[str, str]


def features(text: str) -> Features:
    """All that a text is judged by."""
    plain = spaced(text)
    low = lowered(plain)
    return Features(of_words(low), of_facts(plain, low))


def spaced(text: str) -> str:
    """One form of each character, single spaces, its lines kept, no more than is read."""
    told = unicodedata.normalize("NFKC", text[:LONGEST]).replace("\u2019", "'")[: 2 * LONGEST]
    return "\n".join(" ".join(line.split()) for line in told.splitlines())


def of_words(words: str) -> dict[str, str]:
    """The words, pairs of neighbours, and pieces of words; runs of characters where a script puts no spaces.

    Every number is the same one: what matters of it is among the facts.
    """
    found: dict[str, str] = {}
    before = ""
    for word in _TOKEN.findall(_DIGITS.sub("#", words)):
        if not word.isascii() and _unspaced_script().search(word):
            _unspaced(word, found)
            before = ""
            continue
        told = NOTHING if word in _SAY_NOTHING else word
        found["=" + word] = told
        if before:
            found[f"={before} {word}"] = f"{before} {word}" if told and before not in _SAY_NOTHING else NOTHING
        before = word
        marked = f"{_EDGE}{word[:LONGEST_WORD]}{_EDGE}"
        for size in PIECES:
            for start in range(len(marked) - size + 1):
                found.setdefault(marked[start : start + size], told)
    return found


@cache
def _unspaced_script() -> re.Pattern[str]:
    return re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]")  # takes 2 ms to compile


def _unspaced(run: str, found: dict[str, str]) -> None:
    for size in (1, 2, 3):
        for start in range(len(run) - size + 1):
            piece = run[start : start + size]
            found["=" + piece] = piece


def of_facts(text: str, low: str) -> dict[str, str]:
    """What is known of the things that the text names, and what it says of where the time goes.

    `low` is the text in lower case, with every character in its place.
    """
    facts: dict[str, str] = {}
    told = clauses(text)
    _of_lexicon(low.replace("\n", " "), told, facts)
    _of_signs(low, told, facts)
    _of_clauses(told, facts)
    _of_quantities(quantities(text), facts)
    length = len(_TOKEN.findall(low))
    facts[f"length {min(7, length.bit_length())}"] = NOTHING
    return facts


def _role(told: Sequence[Clause], start: int) -> str:
    """What the clause at that place does with what it names; empty where it just says so."""
    place = bisect_right(told, start, key=lambda clause: clause.start) - 1
    if place < 0:
        return ""
    clause = told[place]
    if clause.done or clause.negated:
        return "set aside"
    if clause.blamed:
        return "blamed"
    return "wished" if clause.wish else ""


def _of_lexicon(low: str, told: Sequence[Clause], facts: dict[str, str]) -> None:
    found = found_in(low)
    works: list[str] = []
    for entry, start, end in found:
        shown = low[start:end]
        role = _role(told, start)
        facts[f"works {entry.works}"] = shown
        facts[f"{entry.kind} works {entry.works}"] = shown
        facts[f"works {entry.works} {role or 'asserted'}"] = f"{shown} ({role})" if role else shown
        if entry.archetype and role != "set aside":
            facts[f"archetype {entry.archetype}"] = shown
        for trait in entry.traits:
            facts[f"trait {trait}"] = shown
        if entry.works not in works and entry.works != "none" and role != "set aside":
            works.append(entry.works)
    if works:
        facts[f"first works {works[0]}"] = NOTHING
    for place, one in enumerate(works):
        for other in works[place + 1 :]:
            low_name, high_name = sorted((one, other))
            facts[f"works {low_name} and {high_name}"] = NOTHING
    facts[f"{min(3, len(found))} known things"] = NOTHING


def _of_signs(low: str, told: Sequence[Clause], facts: dict[str, str]) -> None:
    found = signs_in(low)
    for sign, (shown, start) in found.items():
        role = _role(told, start)
        facts[f"sign {sign}"] = shown
        if role:
            facts[f"sign {sign} {role}"] = f"{shown} ({role})"
    facts[f"{min(3, len(found))} signs"] = NOTHING


def _of_clauses(told: Sequence[Clause], facts: dict[str, str]) -> None:
    for clause in told:
        if clause.outcome:
            facts[f"outcome {clause.outcome}"] = clause.outcome
    for name in ("negated", "done", "blamed", "wish"):
        if any(getattr(clause, name) for clause in told):
            facts[f"some clause {name}"] = NOTHING


def _of_quantities(said: Quantities, facts: dict[str, str]) -> None:
    """Figures by their size; that one is told at all says that there is a job."""
    each, total = said.seconds_each, said.seconds_total
    if said.calls:
        _of_size("calls", said.calls, f"{formatting.count(said.calls)} calls", facts)
    if each is not None:
        _of_size("seconds each", each, f"{formatting.duration(each)} each", facts)
    if total is not None:
        _of_size("seconds in total", total, f"{formatting.duration(total)} in total", facts)
    if said.calls and each:
        _of_size("seconds for all", said.calls * each, f"{formatting.duration(said.calls * each)} for all", facts)
    if (said.cores or 0) > 1:  # of a single core, the classifier has learned nothing
        facts["cores told"] = f"{said.cores} cores"
    if said.rate_limit_per_second is not None:
        facts["a rate limit"] = "a rate limit"
    if said.several_within_limit is not None:
        many = "several at once" if said.several_within_limit else "one at a time"
        facts[f"the rate limit allows {many}"] = f"a rate limit that allows {many}"
    if said.at_once is not None:
        facts[f"{'several' if said.at_once > 1 else 'one'} allowed at once"] = f"{said.at_once} at once"
    for name, share in (("CPU", said.cpu_share), ("waiting", said.wait_share)):
        if share is not None:
            size = "low" if share < 0.3 else "high" if share > 0.7 else "middling"
            facts[f"{name} {size}"] = f"{formatting.percent(share)} {name}"
    if said.busy_cores is not None:
        few = "no" if said.busy_cores < 0.5 else "one" if said.busy_cores < 1.5 else "several"
        facts[f"{few} busy cores"] = f"{said.busy_cores:g} busy cores"
    if not any((said.calls, each, total)):
        facts["no figures"] = NOTHING


def _of_size(name: str, value: float, shown: str, facts: dict[str, str]) -> None:
    size = max(-6, min(7, math.floor(math.log10(value)))) if value > 0 else -6
    facts[f"{name} 1e{size}"] = shown
    if size < 1:
        facts[f"{name} few"] = shown
