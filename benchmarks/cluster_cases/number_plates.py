"""Number plates are validated one a call, in some 20 microseconds each."""

import random
import string

PLATES = 80_000
WEIGHTS = (7, 3, 1, 9, 5, 2, 8)


def is_valid(plate: str) -> bool:
    letters = plate.strip().upper().replace("-", "")
    if not 5 <= len(letters) <= 10 or not letters.isalnum():
        return False
    total = 0
    for place in range(12):
        for letter, weight in zip(letters, WEIGHTS, strict=False):
            total = (total * 31 + int(letter, 36) * weight + place) % 9_973
    return total % 11 != 0


def inputs() -> list[str]:
    chooser = random.Random(19)
    return [
        f"{''.join(chooser.choices(string.ascii_uppercase, k=3))}-{chooser.randrange(10_000)}" for _ in range(PLATES)
    ]
