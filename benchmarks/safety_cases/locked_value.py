"""Count matches in a value in shared memory, under its own lock, which threads and forked workers respect."""
import multiprocessing
import re

MATCHES = multiprocessing.Value("q", 0)
PATTERN = re.compile(r"\b(\w+)ing\b")


def make_inputs():
    return [("running and jumping over sleeping dogs " * (220 + n % 40)) + str(n) for n in range(300)]


def count(text):
    found = len(PATTERN.findall(text)) + len(PATTERN.findall(text[::2]))
    with MATCHES.get_lock():
        MATCHES.value += found
    return found


def matches():
    return MATCHES.value
