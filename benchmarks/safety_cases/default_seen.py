"""Follow links until one is seen that was seen before."""
import hashlib


def crawl(start, seen=[]):
    page, hops = start, 0
    while page not in seen and hops < 40:
        seen.append(page)
        for _ in range(120):
            digest = hashlib.md5(str(page).encode()).digest()
        page = int.from_bytes(digest[:2], "big") % 2000
        hops += 1
    return start, hops


def make_inputs():
    return range(300)
