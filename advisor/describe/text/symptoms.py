"""Find symptoms: signs of where the time goes that name no library, such as an idle CPU or a step that needs the last.

People describe symptoms in their own words and languages, so each symptom in `symptoms.json` is a pattern of
alternative stems. A stem starts at the start of a word, in Chinese and Japanese anywhere, and has any ending; `#`
stands for a number.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Final

from advisor.describe.text.tokenizer import UNSPACED

SYMPTOMS: Final[dict[str, str]] = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))

_NUMBER: Final = r"[0-9]+(?:[.,][0-9]+)*"
# Whatever in a stem is not the same in all of its matches.
_OPTIONAL: Final = re.compile(r"\\.|\[[^\]]*\]\S?|\([^()]*\)[?*+]?(?:\{[^}]*\})?|[^\n()](?:[?*]|\{[^}]*\})|[#.+^$|]")
_ALTERNATIVE: Final = re.compile(r"(?:[^|()\\]|\\.|\((?:[^()\\]|\\.|\([^()]*\))*\))+")


def find_symptoms(lower: str) -> dict[str, tuple[str, int]]:
    """Return the symptoms in a lower-case text, each with the first words that show it and their position."""
    ascii_only = lower.isascii()
    symptoms = (name for name in SYMPTOMS if not ascii_only or any(map(lower.__contains__, _ascii_cues()[name])))
    matches = ((symptom, _pattern(symptom, ascii_only).search(lower)) for symptom in symptoms)
    return {symptom: (match[0], match.start()) for symptom, match in matches if match}


@cache
def _pattern(symptom: str, ascii_only: bool) -> re.Pattern[str]:
    alternatives = _ALTERNATIVE.findall(SYMPTOMS[symptom])
    if ascii_only:
        pattern = rf"(?<!\w)(?:{'|'.join(filter(_may_match_ascii, alternatives))})"
    else:
        unspaced = [stem for stem in alternatives if re.match(rf"[{UNSPACED}]", stem)] or ["(?!)"]
        start = rf"(?:(?<!\w)|(?<=[{UNSPACED}]))"  # unspaced characters do not belong to the word that follows
        pattern = rf"{start}(?:{'|'.join(alternatives)})|(?:{'|'.join(unspaced)})"
    return re.compile(pattern.replace("#", _NUMBER))


@cache
def _ascii_cues() -> dict[str, tuple[str, ...]]:
    """Return for each symptom what an ASCII text must contain to show it.

    Compiling all patterns takes longer than classifying a text, and few of them match anything in it.
    """
    return {
        symptom: tuple(_cue(stem) for stem in _ALTERNATIVE.findall(stems) if _may_match_ascii(stem))
        for symptom, stems in SYMPTOMS.items()
    }


def _cue(stem: str) -> str:
    """Return the longest literal that is in every match of a stem; empty if there is none."""
    before = ""
    while before != stem:
        before, stem = stem, _OPTIONAL.sub("\n", stem)
    return max(stem.split("\n"), key=len)


def _may_match_ascii(stem: str) -> bool:
    """Return True if a stem matches some ASCII text, as "c[oœ]ur" does."""
    return stem.isascii() or re.sub(r"\[[^\]]*\]|\([^()]*\)|.\?", "", stem).isascii()
