"""A compressed file for each day's events."""
import gzip
import json
import os

FOLDER = "days"
os.makedirs(FOLDER, exist_ok=True)


def archive(day):
    path = os.path.join(FOLDER, f"{day}.jsonl.gz")
    with gzip.open(path, "wt", compresslevel=3) as sink:
        for event in range(150):
            sink.write(json.dumps({"day": day, "event": event, "value": day * event % 101}) + "\n")
    return os.path.basename(path)


def make_inputs():
    return range(300)


def archived():
    sizes = {}
    for name in sorted(os.listdir(FOLDER)):
        with gzip.open(os.path.join(FOLDER, name), "rt") as source:
            sizes[name] = sum(json.loads(line)["value"] for line in source)
    return sizes
