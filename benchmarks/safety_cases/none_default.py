"""Follow links until one is seen for the second time in this crawl."""
import hashlib


def crawl(start, seen=None):
    seen = [] if seen is None else seen
    page, hops = start, 0
    while page not in seen and hops < 40:
        seen.append(page)
        for _ in range(25):
            digest = hashlib.md5(str(page).encode()).digest()
        page = int.from_bytes(digest[:2], "big") % 2000
        hops += 1
    return start, hops


def make_inputs():
    return range(500)
