"""Score crawled pages; a trace of every page goes to a file for the report."""
import hashlib


class Weight:
    def __init__(self, grams):
        self.grams = grams

    def __str__(self):
        return f"{self.grams / 1000:.3f} kg"


def make_scorer(out):
    def scorer(url):
        digest = url.encode()
        for _ in range(1800):
            digest = hashlib.sha1(digest).digest()
        grams = int.from_bytes(digest[:2], "big")
        print(url, Weight(grams), Weight(grams // 2), Weight(grams // 3), sep="\t", file=out)
        return grams
    return scorer


trace_file = open("trace.tsv", "w")
score_page = make_scorer(trace_file)


def make_inputs():
    return [f"https://shop.example/item/{n}?ref={n * 7919 % 1000}" for n in range(500)]


def traced():
    trace_file.flush()
    with open("trace.tsv") as source:
        return sorted(source.read().splitlines())
