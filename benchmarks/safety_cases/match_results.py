"""Find the first date in a text."""
import re

DATE = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)")


def find(text):
    best = None
    for match in DATE.finditer(text):
        if best is None or match["day"] > best["day"]:
            best = match
    return best


def make_inputs():
    return [f"on 20{n % 30:02d}-0{n % 9 + 1}-1{n % 9} it was so " * 1200 for n in range(500)]
