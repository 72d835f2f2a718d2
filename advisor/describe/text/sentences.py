"""Segment a text into sentences and clauses, and find out which clauses are negated.

A clause ends with its sentence, at a comma, and before "but", "and not", "without" and their equivalents in other
languages.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from advisor.describe.text.phrases import PHRASES
from advisor.describe.text.tokenizer import TokenizedText, word_set

_CONJUNCTIONS = word_set(
    "but which however yet although though whereas while because since so then afterwards except aber sondern "
    "jedoch allerdings obwohl während weil doch danach dann mais cependant pourtant alors tandis parce puis pero "
    "sino aunque mientras porque luego mas porém embora enquanto depois но однако хотя зато потому поэтому потом а "
    "ma però mentre ale jednak ama fakat lekin मगर लेकिन पर"
)
_WITHOUT = word_set("without ohne sans sin sem без senza bez")
_BEFORE_INNER_NEGATION = word_set(
    "is are was were be been there's there it's that's isn't has have had does do did make makes made bring brings "
    "brought give gives gave see saw got get with ist sind war hat haben gibt es est sont a ont y hay es son tiene "
    "tem é são há и ни or and nor oder ou o und et e y why if with of to in at than almost absolutely takes take "
    "takes needs need need's still also or, not no just or was't means mean say says said for on really am can will "
    "would should might may"
)
_SENTENCE_ENDS = frozenset(".;!?…。；？！") | {"\n"}
_COMMAS = frozenset(",:()–—，、：（）→|") | {"[", "]"}
_ANDS = word_set("and und et y e и & n")
_AFTER_AND = word_set("not no nicht kein pas yet it's now не")  # where it begins a clause
_VERBS = word_set(
    "is are was were takes take took eats needs need comes come goes isn't aren't ist sind war dauert braucht est "
    "sont prend met es son está tarda é são demora это занимает"
)


class ClauseSpan(NamedTuple):
    """The tokens `[start, end)` of a clause, and the number of its sentence."""

    start: int
    end: int
    sentence: int


class Sentence(NamedTuple):
    """Properties of a sentence: if it asks why, if it is a question, and its first word."""

    asks_why: bool
    is_question: bool
    first_word: str


class SegmentedText(NamedTuple):
    """A text with its words, its clauses, and its sentences by number."""

    text: TokenizedText
    words: list[str]
    clauses: list[ClauseSpan]
    sentences: dict[int, Sentence]

    def characters(self, clause: ClauseSpan) -> tuple[int, int]:
        """Return the characters `[start, end)` of a clause."""
        return self.text.tokens[clause.start].start, self.text.tokens[clause.end - 1].end

    def lower(self, clause: ClauseSpan) -> str:
        """Return a clause's text in lower case."""
        start, end = self.characters(clause)
        return self.text.lower[start:end]


def segment(text: TokenizedText) -> SegmentedText:
    """Split a text into clauses, without the punctuation that ends them."""
    words = [token.word for token in text.tokens]
    segmented = SegmentedText(text, words, list(_split_clauses(text, words)), {})
    whole: dict[int, ClauseSpan] = {}
    for clause in segmented.clauses:
        whole[clause.sentence] = whole.get(clause.sentence, clause)._replace(end=clause.end)
    for number, sentence in whole.items():
        start, end, _ = sentence
        segmented.sentences[number] = Sentence(
            PHRASES["why"].is_in(words, start, end, segmented.lower(sentence)),
            end < len(words) and words[end] in ("?", "？") and words[end + 1 : end + 2] != ["?"],
            words[start],
        )
    return segmented


def is_negated(words: list[str], clause: ClauseSpan, lower: str) -> bool:
    """Return True if a clause denies what it names."""
    pseudo = {
        index for span in PHRASES["pseudo_negations"].find(words, clause.start, clause.end) for index in range(*span)
    }
    for index, _ in PHRASES["negations"].find(words, clause.start, clause.end):
        if index not in pseudo and _is_negation(words, index):
            return True
    return PHRASES["negations"].is_in_unspaced(lower)


def _split_clauses(text: TokenizedText, words: list[str]) -> Iterator[ClauseSpan]:
    start, sentence, open_calls, has_verb = 0, 0, 0, False
    for index, word in enumerate(words):
        if _is_boundary(text, words, index, open_calls):
            if index > start:
                yield ClauseSpan(start, index, sentence)
            start, has_verb, open_calls = index + 1, False, 0
            sentence += word in _SENTENCE_ENDS
            continue
        if index > start and (_starts_clause(words, index, start) or (has_verb and _joins_clauses(words, index))):
            yield ClauseSpan(start, index, sentence)
            start, has_verb = index, False
        open_calls += (word == "(") - (word == ")" and open_calls > 0)
        has_verb = has_verb or word in _VERBS
    if start < len(words):
        yield ClauseSpan(start, len(words), sentence)


def _is_boundary(text: TokenizedText, words: list[str], index: int, open_calls: int) -> bool:
    """Return True if punctuation ends the clause; that of code and dotted names does not."""
    word = words[index]
    if word == "-":
        return 0 < index < len(words) - 1 and words[index - 1][-1].isalpha() and words[index + 1][0].isalpha()
    if word in (".", ":", "("):
        in_name = text.is_attached(index) and (words[index - 1][-1].isalnum() or words[index - 1] == ")")
        return not (in_name and text.is_attached(index + 1))
    if word in (")", ","):
        return open_calls == 0
    return word in _SENTENCE_ENDS or word in _COMMAS


def _joins_clauses(words: list[str], index: int) -> bool:
    """Return True if "and" joins a second statement: "reading is quick and parsing takes hours"."""
    return words[index] in _ANDS and any(word in _VERBS for word in words[index + 2 : index + 6])


def _starts_clause(words: list[str], index: int, start: int) -> bool:
    """Return True if a clause starts at a word within its sentence."""
    word, before, following = words[index], words[index - 1], _word(words, index + 1)
    if word in _CONJUNCTIONS:
        return before not in _CONJUNCTIONS and before not in ("nothing", "all", "anything", "everything", "nichts")
    if word == "that" and following in ("was", "were", "had"):
        return True
    if word in _WITHOUT:
        return before not in ("not", "nicht", ".") and _is_negation(words, index)
    if word in ("and", "und", "et", "y", "e", "и"):
        return following in _AFTER_AND
    if word in ("not", "no", "kein", "keine", "nicht"):
        denies = before not in _BEFORE_INNER_NEGATION and before[-1].isalpha() and index - start >= 2
        return denies and _negates_noun(words, index)
    return False


def _is_negation(words: list[str], index: int) -> bool:
    """Return False for the function sin(), the French "pas" that means a step, and the Russian "пока не" (until)."""
    following = _word(words, index + 1)
    if words[index] == "pas":
        before = words[max(index - 4, 0) : index]
        return (
            following in ("le", "la", "les", "de", "en", "un", "une", "mon", "ma", "besoin")
            or any(word == "ne" or word.startswith("n'") for word in before)
            or before[-1:] in (["c'est"], ["est"], ["sont"], ["sert"])
        )
    if words[index] == "не":
        return "пока" not in words[max(index - 6, 0) : index]
    return words[index] != "sin" or (words[index - 1 : index] != ["."] and following not in ("(", "and", ""))


def _negates_noun(words: list[str], index: int) -> bool:
    """Return True for "no numpy", "not the disk", but not "no faster"."""
    following = _word(words, index + 1)
    if words[index] in ("not", "nicht") and following not in ("the", "my", "downloading", "any", "das", "die", "der"):
        return False
    end = len(words)
    return not (
        PHRASES["failed"].match_length(words, index, end) or PHRASES["pseudo_negations"].match_length(words, index, end)
    )


def _word(words: list[str], index: int) -> str:
    return words[index] if index < len(words) else ""
