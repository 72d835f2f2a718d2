import contextlib
import hashlib
import random

from .sinks import open_sinks


def rotate(chunk):
    """Splits a chunk of the log in two archives; returns their sizes and a digest."""
    number, data = chunk
    with contextlib.ExitStack() as stack:
        sinks = open_sinks(("head", "tail"), stack)
        half = len(data) // 2
        sinks["head"].write(data[:half])
        sinks["tail"].write(data[half:])
    return number, {name: sink.size for name, sink in sinks.items()}, hashlib.sha256(data).hexdigest()[:12]


def chunks():
    rng = random.Random(1)
    words = [bytes(rng.choices(b"abcdefghij \n", k=12)) for _ in range(900)]
    return [(n, b"".join(rng.choices(words, k=9000))) for n in range(160)]
