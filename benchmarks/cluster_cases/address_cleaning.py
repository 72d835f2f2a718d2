"""Postal addresses from a spreadsheet are brought into one form, a batch of rows a call."""

import random
import unicodedata

BATCHES = 300
ROWS = 1_800
STREETS = ("Main  street", "HIGH st.", "Rue de l'Église", "Königs-Allee", "  park AVE", "Calle Mayor")
ABBREVIATIONS = {"st": "street", "ave": "avenue", "rd": "road", "apt": "apartment"}


def without_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def clean(rows: list[str]) -> list[str]:
    cleaned = []
    for row in rows:
        words = without_accents(row).casefold().replace(",", " ").replace(".", " ").split()
        cleaned.append(" ".join(ABBREVIATIONS.get(word, word) for word in words).title())
    return cleaned


def inputs() -> list[list[str]]:
    chooser = random.Random(7)
    return [
        [f"{chooser.randint(1, 999)} {chooser.choice(STREETS)},  apt. {chooser.randint(1, 40)}" for _ in range(ROWS)]
        for _ in range(BATCHES)
    ]
