"""Find the row of the decision matrix that matches a text or a target's name."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from advisor.describe.decision_matrix import ROWS
from advisor.describe.lexicon.lookup import occurrences, word_run
from advisor.input_limits import MAX_DESCRIPTION
from advisor.models import MatrixRow, Recommendation

_CORES = re.compile(
    r"(?:\b(?:on|with|using) )?(?:\b(?:an?|my|the) )?\b\d+[- ](?:cpu )?(?:cores?|cpus?)\b(?! bound| intensive)"
    r"(?: (?:box|host|laptop|machine|pc|server|vm)\b)?"
)
_ENDING = re.compile(r"(?:ing|(?<!s)s|e)+$")  # encode, encodes and encoding are the same word
# Words that leave a row's meaning as it is: "we have to process lots of images", "process isolation is important".
_FILLER_WORDS = (
    "a about all am an and are around as at be bunch by can different do does doing dozens each every for from has "
    "have huge hundred hundreds i i'd i'm important in is it just k kind large like lot lots make many million "
    "millions multiple must my need needed needing needs of on or our please program python really required run "
    "script several should so some task that the their them these this thousand thousands to too us use using "
    "various very via want wants we we'd we're with would you your"
)
_FILLER = frozenset(_FILLER_WORDS.split())


def row_for_name(target: str) -> MatrixRow | None:
    """Return the row that a target's name (`shop.images:resize_all`) matches, if all its words agree on a verdict."""
    module, _, function = target.partition(":")
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", f"{Path(module).stem.rpartition('.')[2]} {function}")
    scores = _scores(normalise(re.sub(r"[\W_]+", " ", name)))
    verdicts = {row.recommendation for row in scores}
    return _best_row(scores, verdicts.pop()) if len(verdicts) == 1 else None


def row_for_text(text: str, verdict: Recommendation) -> MatrixRow | None:
    """Return the row of this verdict that a description matches best; for coroutines, of the rows for threads."""
    return _best_row(_scores(normalise(text)), "threading" if verdict == "asyncio" else verdict)


def row_word_for_word(text: str) -> MatrixRow | None:
    """Return the row that the text names and says no more than, apart from numbers, cores and filler words."""
    return _rows_by_words().get(_significant_words(normalise(text)))


@cache
def _rows_by_words() -> dict[frozenset[str], MatrixRow]:
    return {_significant_words(name.lower()): row for row in reversed(ROWS) for name in (*row.names, row.task)}


def _significant_words(lower: str) -> frozenset[str]:
    words = re.findall(r"[^\W\d][\w']*|\d\w*", _CORES.sub("", lower))
    return frozenset(
        _ENDING.sub("", word.replace("y", "i")) for word in words if word[0].isalpha() and word not in _FILLER
    )


def normalise(text: str) -> str:
    """Return the text in lower case, with single spaces and plain quotes, cut to the length that is read."""
    return " ".join(text[:MAX_DESCRIPTION].lower().replace("’", "'").split())


def _scores(text: str) -> dict[MatrixRow, int]:
    """Return the number of words that each row's keywords explain; rows that match nothing are left out."""
    return {row: score for row in ROWS if (score := _score(row, text))}


def _score(row: MatrixRow, text: str) -> int:
    found = {
        keyword
        for _, _, _, keyword in occurrences(((word, word) for word in row.keywords), text, word_run(unspaced=False))
    }
    return sum(1 + keyword.removesuffix("*").count(" ") for keyword in found)


def _best_row(scores: dict[MatrixRow, int], verdict: Recommendation) -> MatrixRow | None:
    """Return the row of this verdict with the highest score; of equals, the one listed first."""
    return max((row for row in scores if row.recommendation == verdict), key=scores.__getitem__, default=None)
