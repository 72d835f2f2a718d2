"""Tables for `lazy_tables`, made when they are first asked for (PEP 562)."""


def _soundex():
    groups = {"bfpv": "1", "cgjkqsxz": "2", "dt": "3", "l": "4", "mn": "5", "r": "6"}
    return {letter: digit for letters, digit in groups.items() for letter in letters}


_MAKERS = {"SOUNDEX": _soundex, "VOWELS": lambda: frozenset("aeiouy")}


def __getattr__(name):
    if name not in _MAKERS:
        raise AttributeError(name)
    made = globals()[name] = _MAKERS[name]()
    return made
