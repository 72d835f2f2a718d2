"""Calls of less than a microsecond to a tenth of a millisecond: most cost less than sending them to a pool does."""

from __future__ import annotations

import datetime
import json
import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Final

from pydantic import BaseModel, Field, ValidationError, field_validator

TITLES: Final = {"frau", "herr", "dr", "m", "mme", "pan", "pani"}
POSTCODE: Final = re.compile(r"\b\d{5}\b")
NO_WORD: Final = re.compile(r"[^\w/-]+")
HOUSE: Final = re.compile(r"\b(\d+)\s*([a-z])\b")
SHORT_FORMS: Final = {
    "strasse": "str",
    "street": "st",
    "avenue": "ave",
    "platz": "pl",
    "saint": "st",
    "building": "bldg",
}


def clamp(value: float) -> float:
    """The value, or the nearer end of 0 to 1."""
    return min(max(value, 0.0), 1.0)


def clamp_inputs() -> Iterator[float]:
    """1,000 numbers about the interval."""
    for index in range(1_000):
        yield index / 500 - 0.5


def parse_date(text: str) -> datetime.datetime:
    """The time of a line in a web server's log."""
    return datetime.datetime.strptime(text, "%d/%b/%Y:%H:%M:%S %z")


def parse_date_inputs() -> Iterator[str]:
    """1,000 times of one month, in the zones of three offices."""
    for index in range(1_000):
        hour, minute = divmod(index * 7 % 1440, 60)
        yield f"{1 + index % 28:02}/Mar/2025:{hour:02}:{minute:02}:{index % 60:02} +0{index % 3}00"


def normalise_address(address: str) -> str:
    """An address's lines as a key under which its other spellings are found too."""
    plain = unicodedata.normalize("NFKD", address.casefold()).encode("ascii", "ignore").decode()
    postcode = POSTCODE.search(plain)
    parts = []
    for line in plain.splitlines():
        words = NO_WORD.sub(" ", HOUSE.sub(r"\1\2", POSTCODE.sub(" ", line))).split()
        kept = {SHORT_FORMS.get(word, word) for word in words if word not in TITLES}
        parts.append("-".join(sorted(kept)))
    return f"{postcode[0] if postcode else '?'}:{':'.join(part for part in parts if part)}"


def normalise_address_inputs() -> Iterator[str]:
    """1,000 addresses in three spellings."""
    spellings = (
        "Frau Dr. Zoë Weiß\nGroße Münster-Straße {0} B\nHinterhaus, 3. Stock\n{1} Zürich\nSuisse / Schweiz",
        "M. François  LEFÈVRE\n{0} bis, AVENUE Saint-Honoré\nBuilding C\nF-{1} Orléans CEDEX\nFRANCE",
        "Pan Łukasz Żak\nBuilding {0}a\nPlatz der Luftbrücke {0} c\n{1} Łódź",
    )
    for index in range(1_000):
        yield spellings[index % 3].format(1 + index % 90, 10_000 + index * 37)


class Line(BaseModel):
    """One article of an order."""

    article: Annotated[str, Field(pattern=r"^[A-Z]{2}-\d{4}$")]
    amount: Annotated[int, Field(gt=0, le=1000)]
    price: Annotated[Decimal, Field(max_digits=8, decimal_places=2)]
    deliver_by: datetime.date

    @field_validator("deliver_by")
    @classmethod
    def is_a_weekday(cls, day: datetime.date) -> datetime.date:
        if day.weekday() > 4:
            raise ValueError("nothing is delivered at the weekend")
        return day


class Order(BaseModel):
    """What a shop's form sends."""

    customer: Annotated[str, Field(min_length=3, max_length=80)]
    placed: datetime.datetime
    lines: Annotated[list[Line], Field(min_length=1)]


def validate_record(document: str) -> list[str]:
    """The fields of an order that are wrong, by pydantic."""
    try:
        Order.model_validate_json(document)
    except ValidationError as error:
        return [".".join(map(str, fault["loc"])) for fault in error.errors()]
    return []


def validate_record_inputs() -> Iterator[str]:
    """200 orders of 60 lines; in every fourth, some amounts are wrong."""
    monday = datetime.date(2025, 3, 3)
    for index in range(200):
        lines = [
            {
                "article": f"AB-{1000 + line}",
                "amount": -1 if index % 4 == 0 and line % 15 == 0 else 1 + line,
                "price": f"{(index + line) * 137 % 9000 / 100:.2f}",
                "deliver_by": str(monday + datetime.timedelta(days=7 * (line % 9) + line % 5)),
            }
            for line in range(60)
        ]
        yield json.dumps({"customer": f"Customer {index}", "placed": "2025-03-01T12:00:00Z", "lines": lines})
