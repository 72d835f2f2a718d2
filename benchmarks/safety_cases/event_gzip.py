"""Events are compressed into one archive as they are processed."""
import gzip
import json

PATH = "events.jsonl.gz"
EVENTS = gzip.open(PATH, "wb")


def enrich(number):
    score = number
    for k in range(6000):
        score = (score * 17 + k) % 65_521
    for part in range(4):
        line = json.dumps({"event": number, "part": part, "score": score, "pad": "x" * (number % 50)})
        EVENTS.write(line.encode() + b"\n")


def make_inputs():
    return range(900)


def archived():
    EVENTS.close()
    with gzip.open(PATH, "rt") as source:
        return sorted(json.loads(line)["event"] for line in source)
