"""Batches of JSON events are decoded, checked with regular expressions and flattened into rows."""

import json
import random
import re
from typing import Any

BATCHES = 200
EVENTS = 1_500
EMAIL = re.compile(r"^[\w.+-]+@[\w-]+\.[\w.]+$")
PHONE = re.compile(r"[^\d+]")


def flatten(batch: str) -> list[dict[str, Any]]:
    """Return a row for each event with a valid address."""
    rows = []
    for line in batch.splitlines():
        event = json.loads(line)
        user = event["user"]
        if EMAIL.match(user["email"]):
            items = {f"item.{name}": amount for name, amount in event["items"].items()}
            contact = {"email": user["email"].lower(), "phone": PHONE.sub("", user["phone"])}
            rows.append({"id": event["id"], **contact, **items})
    return rows


def event(number: int, chooser: random.Random) -> str:
    email = f"User.{number}@example.org" if chooser.random() < 0.9 else "not an address"
    items = {f"sku{chooser.randrange(500)}": chooser.randrange(1, 9) for _ in range(6)}
    return json.dumps({"id": number, "user": {"email": email, "phone": "+49 (30) 123-456"}, "items": items})


def inputs() -> list[str]:
    chooser = random.Random(17)
    events = [event(number, chooser) for number in range(3 * EVENTS)]
    return ["\n".join(chooser.sample(events, EVENTS)) for _ in range(BATCHES)]
