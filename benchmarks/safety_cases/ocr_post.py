"""Corrects words that came out of character recognition."""
import functools

_SYLLABLES = ["ba", "co", "di", "fu", "la", "me", "no", "pi", "ra", "se", "ti", "vu"]


@functools.lru_cache(maxsize=1)
def _deletions():
    table = {}
    for a in _SYLLABLES:
        for b in _SYLLABLES:
            for c in _SYLLABLES:
                for d in _SYLLABLES:
                    word = a + b + c + d
                    for k in range(len(word)):
                        table.setdefault(word[:k] + word[k + 1:], []).append(word)
    return table


def correct(words):
    table = _deletions()
    found = []
    for word in words:
        candidates = [word] if word in table else []
        for k in range(len(word)):
            candidates += table.get(word[:k] + word[k + 1:], ())
        found.append(min(candidates, key=lambda c: (sum(x != y for x, y in zip(c, word)), c), default=word))
    return " ".join(found)


def lines():
    return [["".join(_SYLLABLES[(n * 7 + k * 5 + j * (k + 3)) % 12] for j in range(4)).replace("o", "0", 1) for k in range(25)] for n in range(120)]
