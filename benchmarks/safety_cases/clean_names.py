import functools
import re
import threading
import unicodedata

_SUFFIX = re.compile(r"\b(gmbh|ltd|inc|sarl|ag)\b\.?")
_lock = threading.Lock()
_codes = {}


@functools.lru_cache(maxsize=256)
def plain(text):
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return _SUFFIX.sub("", "".join(c for c in decomposed if not unicodedata.combining(c))).strip()


def _code(name):
    with _lock:
        if name not in _codes:
            value = 0
            for char in name:
                value = (value * 131 + ord(char)) % 1_000_003
            _codes[name] = value
        return _codes[name]


def distance(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (x != y))
    return row[-1]


def match(pair):
    left, right = plain(pair[0]), plain(pair[1])
    return _code(left), _code(right), distance(left * 4, right * 4)


def make_inputs():
    towns = ["München", "Orléans", "Málaga", "Århus", "Zürich", "Łódź"]
    return [(f"{towns[n % 6]} Logistik {n} GmbH", f"{towns[n * 5 % 6]} Logistique {n % 17} SARL") for n in range(200)]
