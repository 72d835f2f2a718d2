"""A text in parts that say one thing each: where its sentences and their clauses begin, and which of them deny.

A clause ends where a sentence does, at a comma, and before "but", "and not", "without" and their like in other
languages.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from advisor.describe.text.phrases import FAILED, NEGATIONS, NO_NEGATIONS, WHY
from advisor.describe.text.tokenizer import Text, vocabulary

_SPLITS = vocabulary(
    "but which however yet although though whereas while because since so then afterwards except aber sondern "
    "jedoch allerdings obwohl während weil doch danach dann mais cependant pourtant alors tandis parce puis pero "
    "sino aunque mientras porque luego mas porém embora enquanto depois но однако хотя зато потому поэтому потом а "
    "ma però mentre ale jednak ama fakat lekin मगर लेकिन पर"
)
_WITHOUT = vocabulary("without ohne sans sin sem без senza bez")
_BEINGS = vocabulary(
    "is are was were be been there's there it's that's isn't has have had does do did make makes made bring brings "
    "brought give gives gave see saw got get with ist sind war hat haben gibt es est sont a ont y hay es son tiene "
    "tem é são há и ни or and nor oder ou o und et e y why if with of to in at than almost absolutely takes take "
    "takes needs need need's still also or, not no just or was't means mean say says said for on really am can will "
    "would should might may"
)
_ENDS = frozenset(".;!?…。；？！") | {"\n"}
_COMMAS = frozenset(",:()–—，、：（）→|") | {"[", "]"}
_ANDS = vocabulary("and und et y e и & n")
_AFTER_AND = vocabulary("not no nicht kein pas yet it's now не")  # where it begins a clause
_VERBS = vocabulary(
    "is are was were takes take took eats needs need comes come goes isn't aren't ist sind war dauert braucht est "
    "sont prend met es son está tarda é são demora это занимает"
)


class Part(NamedTuple):
    """The tokens `[first, after)` of a clause, and the number of its sentence."""

    first: int
    after: int
    sentence: int


class Sentence(NamedTuple):
    """Of a sentence: whether it asks why, whether it asks at all, and its first word."""

    why: bool
    question: bool
    first: str


class Split(NamedTuple):
    """A text, its words, the parts that they make, and the sentences by their number."""

    read: Text
    words: list[str]
    parts: list[Part]
    sentences: dict[int, Sentence]

    def place(self, part: Part) -> tuple[int, int]:
        """Where in the text a part starts and ends."""
        return self.read.tokens[part.first].start, self.read.tokens[part.after - 1].end

    def low(self, part: Part) -> str:
        """A part's text in lower case."""
        start, end = self.place(part)
        return self.read.low[start:end]


def split(read: Text) -> Split:
    """The parts of a text in their order, without the signs that end them."""
    words = [token.word for token in read.tokens]
    parts = list(_parts(read, words))
    return Split(read, words, parts, _sentences(read, words, parts))


def negated(words: list[str], part: Part, low: str) -> bool:
    """Whether a part denies what it names."""
    exceptions = {at for span in NO_NEGATIONS.spans(words, part.first, part.after) for at in range(*span)}
    for at, _ in NEGATIONS.spans(words, part.first, part.after):
        if at not in exceptions and _denies(words, at):
            return True
    return NEGATIONS.anywhere(low)


def _parts(read: Text, words: list[str]) -> Iterator[Part]:
    first, sentence, calls, verb = 0, 0, 0, False
    for at, word in enumerate(words):
        if _is_sign(read, words, at, calls):
            if at > first:
                yield Part(first, at, sentence)
            first, verb, calls = at + 1, False, 0
            sentence += word in _ENDS
            continue
        if at > first and (_begins(words, at, first) or (verb and _joins(words, at))):
            yield Part(first, at, sentence)
            first, verb = at, False
        calls += (word == "(") - (word == ")" and calls > 0)
        verb = verb or word in _VERBS
    if first < len(words):
        yield Part(first, len(words), sentence)


def _sentences(read: Text, words: list[str], parts: list[Part]) -> dict[int, Sentence]:
    whole: dict[int, Part] = {}
    for part in parts:
        whole[part.sentence] = whole.get(part.sentence, part)._replace(after=part.after)
    return {
        number: Sentence(
            WHY.within(words, first, after, read.low[read.tokens[first].start : read.tokens[after - 1].end]),
            after < len(words) and words[after] in ("?", "？") and words[after + 1 : after + 2] != ["?"],
            words[first],
        )
        for number, (first, after, _) in whole.items()
    }


def _is_sign(read: Text, words: list[str], at: int, calls: int) -> bool:
    """Whether a sign ends the clause; those of a line of code and a name with points do not."""
    word = words[at]
    if word == "-":
        return _is_dash(words, at)
    if word in (".", ":", "("):
        named = read.fused(at) and (words[at - 1][-1].isalnum() or words[at - 1] == ")")
        return not (named and read.fused(at + 1))
    if word in (")", ","):
        return calls == 0
    return word in _ENDS or word in _COMMAS


def _is_dash(words: list[str], at: int) -> bool:
    return 0 < at < len(words) - 1 and words[at - 1][-1].isalpha() and words[at + 1][0].isalpha()


def _joins(words: list[str], at: int) -> bool:
    """Whether "and" joins a second statement: "reading is quick and parsing takes hours"."""
    return words[at] in _ANDS and any(word in _VERBS for word in words[at + 2 : at + 6])


def _begins(words: list[str], at: int, first: int) -> bool:
    """Whether a clause begins at a word within its sentence."""
    word, before = words[at], words[at - 1]
    if word in _SPLITS:
        return before not in _SPLITS and before not in ("nothing", "all", "anything", "everything", "nichts")
    if word == "that" and at + 1 < len(words) and words[at + 1] in ("was", "were", "had"):
        return True
    if word in _WITHOUT:
        return before not in ("not", "nicht", ".") and _denies(words, at)
    if word in ("and", "und", "et", "y", "e", "и"):
        return at + 1 < len(words) and words[at + 1] in _AFTER_AND
    if word in ("not", "no", "kein", "keine", "nicht"):
        return before not in _BEINGS and before[-1].isalpha() and at - first >= 2 and _denies_noun(words, at)
    return False


def _denies(words: list[str], at: int) -> bool:
    """Whether a word denies: the Spanish "sin" and not the function, the French "pas" and not a step."""
    if words[at] == "pas":
        before, following = words[max(at - 4, 0) : at], words[at + 1] if at + 1 < len(words) else ""
        return (
            following in ("le", "la", "les", "de", "en", "un", "une", "mon", "ma", "besoin")
            or any(word == "ne" or word.startswith("n'") for word in before)
            or before[-1:] in (["c'est"], ["est"], ["sont"], ["sert"])
        )
    if words[at] == "не":
        return "пока" not in words[max(at - 6, 0) : at]
    return words[at] != "sin" or (words[at - 1 : at] != ["."] and words[at + 1 : at + 2] not in (["("], ["and"], []))


def _denies_noun(words: list[str], at: int) -> bool:
    """Whether "no numpy", "not the disk" begins here, and not "no faster"."""
    following = words[at + 1] if at + 1 < len(words) else ""
    if words[at] in ("not", "nicht") and following not in ("the", "my", "downloading", "any", "das", "die", "der"):
        return False
    return not (FAILED.at(words, at, len(words)) or NO_NEGATIONS.at(words, at, len(words)))
