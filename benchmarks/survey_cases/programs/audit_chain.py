"""Sign the events of a journal so that no line can be removed: each digest covers the one before."""

import hashlib
import hmac
import json
import sys
from pathlib import Path

KEY = b"not the real key"


def signed(events):
    last = "0" * 64
    for number, event in enumerate(events, 1):
        event["number"] = number
        event["previous"] = last
        text = json.dumps(event, sort_keys=True, separators=(",", ":"))
        last = hmac.new(KEY, text.encode(), hashlib.sha256).hexdigest()
        for _ in range(60):
            last = hashlib.sha256(bytes.fromhex(last)).hexdigest()
        yield f"{text} {last}"


def read_events(path):
    with open(path) as stream:
        for line in stream:
            event = json.loads(line)
            event["user"] = event["user"].strip().lower()
            yield event


def main():
    events = read_events(sys.argv[1])
    lines = 0
    with open(Path(sys.argv[2]) / "journal.txt", "w") as journal:
        for line in signed(events):
            journal.write(line + "\n")
            lines += 1
    print(f"{lines} events signed, last {line.rsplit(' ', 1)[1][:16]}")


if __name__ == "__main__":
    main()
