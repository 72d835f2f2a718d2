"""Hyphenation through a long-running helper program, as with `hunspell -a`."""
import subprocess
import sys

_PROGRAM = """
import sys, time
for line in sys.stdin:
    word = line.strip()
    time.sleep(0.0005)
    cut = [i for i in range(2, len(word) - 1) if word[i] in "aeiou" and word[i - 1] not in "aeiou"]
    print("-".join(word[a:b] for a, b in zip([0] + cut, cut + [None])), flush=True)
"""

_STEMS = ["calibrat", "interpolat", "diffract", "sediment", "polariz", "integrat", "magnetiz", "rasteriz"]
_ENDS = ["ion", "or", "ed", "ing", "able", "ions", "ors"]


def _start_helper():
    helper = subprocess.Popen([sys.executable, "-S", "-c", _PROGRAM], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)

    def ask(word):
        helper.stdin.write(word + "\n")
        helper.stdin.flush()
        return helper.stdout.readline().rstrip("\n")

    return ask


ask = _start_helper()


def hyphenate_line(words):
    return " ".join(ask(word) for word in words)


def lines():
    return [[_STEMS[(n * 3 + k) % 8] + _ENDS[(n + k * 5) % 7] for k in range(4)] for n in range(100)]
