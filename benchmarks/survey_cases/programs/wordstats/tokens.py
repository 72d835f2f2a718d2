import re
from collections import Counter

TOKEN = re.compile(r"[a-z]+(?:['-][a-z]+)*")
SUFFIXES = ("ational", "fulness", "iveness", "ization", "ing", "ed", "ly", "es", "s")


def stem(token):
    for suffix in SUFFIXES:
        if token.endswith(suffix) and len(token) - len(suffix) >= 3:
            return token[: -len(suffix)]
    return token


def tokenise(text):
    return [stem(token) for token in TOKEN.findall(text.lower())]


def count_words(path):
    tokens = tokenise(path.read_text(encoding="utf-8"))
    words = Counter(tokens)
    pairs = Counter(zip(tokens, tokens[1:], strict=False))
    common = {pair: count for pair, count in pairs.items() if count > 1}
    return path.name, len(tokens), words, len(common)
