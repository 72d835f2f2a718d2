"""Choose the count that is the number of calls: "10k images", "31 hotels x 400 images", "call it 2 million times".

How a number is parsed is in `numbers`; which words mean one call each is here.
"""

from __future__ import annotations

from advisor.describe.text.tokenizer import TABLES, TokenizedText, word_set
from advisor.describe.text.units import DURATIONS, NOT_NOUNS, Amount, FieldValues
from advisor.input_limits import MAX_COUNT_IN_TEXT

# Nouns for what one call works on, in the forms that follow a number.
ITEM_NOUNS = word_set(TABLES["item_nouns"])
_ITEM_ENDINGS = (
    "files", "images", "photos", "scans", "docs", "dateien", "bilder", "shops", "sheets", "games", "maps", "models",
    "aufnahmen", "archive", "modelle", "läufe", "films", "fotos", "books", "papers", "mails",
)  # fmt: skip
COUNTER_WORDS = word_set("个 個 件 张 張 枚 本 条 條 台 份 部 首 篇 家 次 名 店舗 冊 通 ファイル 페이지 万枚 行")
OTHER_NOUNS = word_set(TABLES["other_nouns"])
_REMAINING = (
    "left", "to go", "to do", "remaining", "in total", "pieces", "altogether", "übrig", "restantes", "of them",
    "of these", "of those",
)  # fmt: skip


def extract_call_count(text: TokenizedText, amounts: list[Amount]) -> FieldValues:
    """Yield the number of calls: of the counts that rank highest the first, multiplied by a count after "x"."""
    best: tuple[int, float, Amount] | None = None
    for index, amount in enumerate(amounts):
        if amount.kind != "count":
            continue
        rank = rank_count(text, amount)
        rank *= rank > 2 or amount.value > 3
        if rank and (best is None or rank > best[0]):
            best = (rank, _multiply(text, amounts, index), amount)
    if best is not None and 1 <= best[1] <= MAX_COUNT_IN_TEXT:
        yield "calls", round(best[1]), best[2]


def _multiply(text: TokenizedText, amounts: list[Amount], index: int) -> float:
    """Return the product of "31 hotels x 400 images", or the count alone."""
    amount = amounts[index]
    if index + 1 < len(amounts) and amounts[index + 1].kind == "count":
        following = amounts[index + 1]
        between = [text.word(at) for at in range(amount.end, following.start)]
        if 1 < len(between) <= 3 and between[-1] in ("x", "×", "*") and rank_count(text, following) > 1:
            return amount.value * following.value
    return amount.value


def rank_count(text: TokenizedText, amount: Amount) -> int:
    """Rank how likely a count is that of the calls: 4 with an item noun, 3 a counter word, 2 a plural, 0 for others."""
    value, before = amount.value, text.word(amount.start - 1)
    if value != int(value) or value < 1 or before in _BEFORE_OTHERS:
        return 0
    position = text.tokens[amount.start].start
    if text.raw[max(position - 4, 0) : position].endswith(("スレッド", "プロセス", "ワーカー", "のうち")):
        return 0
    if 1900 <= value <= 2100 and before in _BEFORE_YEAR:
        return 0
    following, then = text.word(amount.end), text.word(amount.end + 1)
    if following in ("x", "×") and then[:1].isdecimal():
        return 0
    if f"{following} {then}".startswith(_REMAINING):
        return 2
    if following in _REPEATED and value >= 10 and then not in _COMPARED:
        return 2
    return _rank_noun(text, amount)


_BEFORE_OTHERS = word_set("per each every = ( [ / %")
_BEFORE_YEAR = word_set("in since from of seit depuis en desde до с im")
_REPEATED = word_set("times mal veces vezes fois раз volte keer razy kez")
_COMPARED = word_set(TABLES["compared"])


def _rank_noun(text: TokenizedText, amount: Amount) -> int:
    """Rank a count by the noun within four tokens after it."""
    rank = 0
    several = amount.value > 1
    for distance in range(4):
        index = amount.end + distance
        word = text.word(index)
        if not word:
            break
        if word in COUNTER_WORDS or text.pair(index) in COUNTER_WORDS:
            return 3 if several else 0
        if ord(word[0]) > 0x3000:
            return max(rank, 2) if several and distance == 0 else rank
        if (word == "of" and distance == 0) or (word == "/" and text.is_attached(index)):
            continue
        if not word[0].isalpha() or (word in NOT_NOUNS and not (distance == 0 and word == "de")):
            break
        if word in OTHER_NOUNS or (word in DURATIONS and len(word) > 2):
            return rank
        last = word.rpartition("-")[2]
        if last in ITEM_NOUNS or last.endswith(_ITEM_ENDINGS):
            return 0 if _is_part(text, index + 1) else 4
        is_german = distance == 0 and text.raw[text.tokens[index].start].isupper() and word.endswith(("e", "n", "r"))
        if several and (is_german or _may_be_plural(word)) and not _is_part(text, index + 1):
            rank = max(rank, 2 if distance == 0 else 1)
    return rank


def _may_be_plural(word: str) -> bool:
    if word.isascii():
        return len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is", "ths"))
    return len(word) > 2


_OF_EACH = word_set("each apiece pro / par por")
_PROTOCOLS = word_set(TABLES["protocols"])


def _is_part(text: TokenizedText, index: int) -> bool:
    """Return True if the items are parts of each call: "40 pages each", "3 queries per page"."""
    word, following = text.word(index), text.word(index + 1)
    if following in _PROTOCOLS:
        return False
    if word in _OF_EACH and following != "=":
        return not (word == "each" and following[:1].isdecimal())
    if word == "per":
        return following not in DURATIONS
    return word == "in" and following in ("each", "every")
