"""Extract the features of a text: its words, character n-grams, and facts from lexicon, clauses and quantities.

A feature is a name that a text has or has not. It comes with the words that explain it to a reader: words of the text,
or the fact; empty for features that explain nothing, such as the length of the text.

The names of the features are part of the stored model: after any change here, train it again.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import combinations
from typing import Final, NamedTuple

from advisor.describe.lexicon.lookup import find_entries
from advisor.describe.text.clauses import Clause, extract_clauses, role_at
from advisor.describe.text.quantities import Quantities, extract_quantities
from advisor.describe.text.symptoms import find_symptoms
from advisor.describe.text.tokenizer import lowercase, word_set
from advisor.input_limits import MAX_CLASSIFIED_TEXT
from advisor.report import formatting

NGRAM_SIZES: Final = (3, 4, 5)  # characters
MAX_WORD: Final = 30

NO_EXPLANATION: Final = ""

# Words that explain nothing to a reader, although they have weights.
_STOP_WORDS: Final = word_set(
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
_NUMBER: Final = re.compile(r"[0-9]+(?:[.,:'_ ][0-9]+)*")


class Features(NamedTuple):
    """The features of a text by name, each with its explanation."""

    words: Mapping[str, str]
    facts: Mapping[str, str]


def extract_features(text: str) -> Features:
    """Extract all features of a text."""
    normalized = normalize(text)
    lower = lowercase(normalized)
    return Features(_word_features(lower), _fact_features(normalized, lower))


def normalize(text: str) -> str:
    """Normalize characters and spaces, keep the lines, and cut the text at the maximum length."""
    plain = unicodedata.normalize("NFKC", text[:MAX_CLASSIFIED_TEXT]).replace("\u2019", "'")[: 2 * MAX_CLASSIFIED_TEXT]
    return "\n".join(" ".join(line.split()) for line in plain.splitlines())


def _word_features(lower: str) -> dict[str, str]:
    """Return words, bigrams and character n-grams of words; in unspaced scripts, character n-grams.

    All numbers are the same word: what matters about them is among the facts.
    """
    found: dict[str, str] = {}
    before = ""
    for word in _TOKEN.findall(_NUMBER.sub("#", lower)):
        if not word.isascii() and _unspaced().search(word):
            found |= {"=" + ngram: ngram for size in (1, 2, 3) for ngram in _ngrams(word, size)}
            before = ""
            continue
        explanation = NO_EXPLANATION if word in _STOP_WORDS else word
        found["=" + word] = explanation
        if before:
            bigram = f"{before} {word}"
            found["=" + bigram] = bigram if explanation and before not in _STOP_WORDS else NO_EXPLANATION
        before = word
        for size in NGRAM_SIZES:
            for ngram in _ngrams(f"_{word[:MAX_WORD]}_", size):
                found.setdefault(ngram, explanation)
    return found


def _ngrams(word: str, size: int) -> list[str]:
    return [word[start : start + size] for start in range(len(word) - size + 1)]


@cache
def _unspaced() -> re.Pattern[str]:
    return re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]")  # takes 2 ms to compile


def _fact_features(text: str, lower: str) -> dict[str, str]:
    """Return the known facts about the things that the text names, and its statements about the time."""
    facts: dict[str, str] = {}
    clauses = extract_clauses(text)
    _add_lexicon(lower.replace("\n", " "), clauses, facts)
    _add_symptoms(lower, clauses, facts)
    _add_clauses(clauses, facts)
    _add_quantities(extract_quantities(text), facts)
    length = len(_TOKEN.findall(lower))
    facts[f"length {min(7, length.bit_length())}"] = NO_EXPLANATION
    return facts


def _add_lexicon(lower: str, clauses: Sequence[Clause], facts: dict[str, str]) -> None:
    matches = find_entries(lower)
    works: list[str] = []
    for entry, start, end in matches:
        name = lower[start:end]
        role = role_at(clauses, start)
        facts[f"works {entry.works}"] = name
        facts[f"{entry.kind} works {entry.works}"] = name
        facts[f"works {entry.works} {role or 'asserted'}"] = f"{name} ({role})" if role else name
        if entry.archetype and role != "set aside":
            facts[f"archetype {entry.archetype}"] = name
        for trait in entry.traits:
            facts[f"trait {trait}"] = name
        if entry.works not in works and entry.works != "none" and role != "set aside":
            works.append(entry.works)
    if works:
        facts[f"first works {works[0]}"] = NO_EXPLANATION
    for one, other in combinations(works, 2):
        facts[f"works {min(one, other)} and {max(one, other)}"] = NO_EXPLANATION
    facts[f"{min(3, len(matches))} known things"] = NO_EXPLANATION


def _add_symptoms(lower: str, clauses: Sequence[Clause], facts: dict[str, str]) -> None:
    symptoms = find_symptoms(lower)
    for symptom, (words, position) in symptoms.items():
        facts[f"sign {symptom}"] = words
        if role := role_at(clauses, position):
            facts[f"sign {symptom} {role}"] = f"{words} ({role})"
    facts[f"{min(3, len(symptoms))} signs"] = NO_EXPLANATION


def _add_clauses(clauses: Sequence[Clause], facts: dict[str, str]) -> None:
    for clause in clauses:
        if clause.outcome:
            facts[f"outcome {clause.outcome}"] = clause.outcome
        if clause.lock:
            facts[f"{clause.lock}{' by hearsay' if clause.hypothetical else ''}"] = clause.lock
    for name, has in (
        ("negated", any(clause.negated for clause in clauses)),
        ("done", any(clause.ruled_out for clause in clauses)),
        ("blamed", any(clause.blamed for clause in clauses)),
        ("wish", any(clause.hypothetical for clause in clauses)),
    ):
        if has:
            facts[f"some clause {name}"] = NO_EXPLANATION


def _add_quantities(quantities: Quantities, facts: dict[str, str]) -> None:
    """Add quantities by their order of magnitude; that one is stated at all shows that there is a job."""
    calls, each, total = quantities.calls, quantities.seconds_per_call, quantities.total_seconds
    if calls:
        _add_magnitude("calls", calls, f"{formatting.count(calls)} calls", facts)
    if each is not None:
        _add_magnitude("seconds each", each, f"{formatting.duration(each)} each", facts)
    if total is not None:
        _add_magnitude("seconds in total", total, f"{formatting.duration(total)} in total", facts)
    if calls and each:
        _add_magnitude("seconds for all", calls * each, f"{formatting.duration(calls * each)} for all", facts)
    if (quantities.cores or 0) > 1:  # no training text names a single core
        facts["cores told"] = f"{quantities.cores} cores"
    if quantities.rate_limit_per_second is not None:
        facts["a rate limit"] = "a rate limit"
    if quantities.rate_limit_allows_overlap is not None:
        many = "several at once" if quantities.rate_limit_allows_overlap else "one at a time"
        facts[f"the rate limit allows {many}"] = f"a rate limit that allows {many}"
    if quantities.max_concurrent is not None:
        many = "several" if quantities.max_concurrent > 1 else "one"
        facts[f"{many} allowed at once"] = f"{quantities.max_concurrent} at once"
    for name, share in (("CPU", quantities.cpu_share), ("waiting", quantities.wait_share)):
        if share is not None:
            size = "low" if share < 0.3 else "high" if share > 0.7 else "middling"
            facts[f"{name} {size}"] = f"{formatting.percent(share)} {name}"
    if (busy := quantities.busy_cores) is not None:
        few = "no" if busy < 0.5 else "one" if busy < 1.5 else "several"
        facts[f"{few} busy cores"] = f"{busy:g} busy cores"
    if not any((calls, each, total)):
        facts["no figures"] = NO_EXPLANATION


def _add_magnitude(name: str, value: float, explanation: str, facts: dict[str, str]) -> None:
    magnitude = max(-6, min(7, math.floor(math.log10(value)))) if value > 0 else -6
    facts[f"{name} 1e{magnitude}"] = explanation
    if magnitude < 1:
        facts[f"{name} few"] = explanation
