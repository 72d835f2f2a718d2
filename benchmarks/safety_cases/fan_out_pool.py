"""Each article's three parts are computed through a pool that stays."""
import hashlib
from concurrent.futures import ThreadPoolExecutor

POOL = ThreadPoolExecutor(2)


def part(name, index):
    value = f"{name}/{index}".encode()
    for _ in range(700):
        value = hashlib.sha256(value).digest()
    return value.hex()[:8]


HEADER = list(POOL.map(part, ["header"] * 4, range(4)))  # of the site, computed once


def article(number):
    return HEADER[0], list(POOL.map(part, [f"article {number}"] * 3, range(3)))


def make_inputs():
    return range(400)
