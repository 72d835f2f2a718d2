import json
import subprocess
import sys

_ENGINE = """
import json, sys
for line in sys.stdin:
    text = json.loads(line)
    value = 0
    for _ in range(30):
        for c in text:
            value = (value * 33 + ord(c)) % 65521
    print(json.dumps({"lang": ["de", "en", "fr", "it"][value % 4], "score": value, "length": len(text)}), flush=True)
"""
engine = subprocess.Popen(
    [sys.executable, "-c", _ENGINE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
)


def _ask(text):
    engine.stdin.write(json.dumps(text) + "\n")
    engine.stdin.flush()
    return json.loads(engine.stdout.readline())


def detect(comment):
    answer = _ask(comment["text"].strip().lower())
    return comment["id"], answer["lang"], answer["score"], answer["length"]


def make_inputs():
    return [{"id": n, "text": f" Comment {n}: " + "lorem ipsum dolor sit amet " * (8 + n % 5)} for n in range(120)]
