"""Find the row of the decision matrix that matches a text or a target's name."""

from __future__ import annotations

import re
from pathlib import Path

from advisor.describe.decision_matrix import ROWS
from advisor.input_limits import MAX_DESCRIPTION
from advisor.models import MatrixRow, Recommendation

_CORES = re.compile(r"[,;:]? (?:(?:on|with|using) )?(?:an? |my )?\d+[- ](?:cpu )?(?:cores?|cpus?)\b(?: \w+)?[.!]?$")


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
    """Return the row whose task the text repeats, whatever numbers and cores the text names."""
    words = _words_only(_CORES.sub("", normalise(text)))
    return next((row for row in ROWS if _words_only(row.task.lower()) == words), None)


def normalise(text: str) -> str:
    """Return the text in lower case, with single spaces and plain quotes, cut to the length that is read."""
    return " ".join(text[:MAX_DESCRIPTION].lower().replace("’", "'").split())


def _words_only(text: str) -> list[str]:
    return [word for word in re.findall(r"\w+", text) if not word.isdecimal()]


def _scores(text: str) -> dict[MatrixRow, int]:
    """Return the number of words that each row's keywords explain; rows that match nothing are left out."""
    return {row: score for row in ROWS if (score := _score(row, text))}


def _score(row: MatrixRow, text: str) -> int:
    return sum(1 + keyword.removesuffix("*").count(" ") for keyword in row.keywords if _has(text, keyword))


def _has(text: str, keyword: str) -> bool:
    """Return True if the text has the keyword as a whole word; `*` at its end stands for any ending."""
    word = keyword.removesuffix("*")
    start = text.find(word)
    while start >= 0:
        end = start + len(word)
        before, after = text[start - 1 : start], text[end : end + 1]
        if not _in_word(before) and (word != keyword or not _in_word(after)):
            return True
        start = text.find(word, start + 1)
    return False


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _best_row(scores: dict[MatrixRow, int], verdict: Recommendation) -> MatrixRow | None:
    """Return the row of this verdict with the highest score; of equals, the one listed first."""
    return max((row for row in scores if row.recommendation == verdict), key=scores.__getitem__, default=None)
