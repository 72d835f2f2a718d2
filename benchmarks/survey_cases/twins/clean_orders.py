"""Clean the order exports of the shops: one CSV file in, one JSON file out, and a summary."""

import csv
import json
import re
import sys
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import Path

NOT_PHONE = re.compile(r"[^\d+]")
DATE_FORMATS = ("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y")


def parse_date(text):
    for date_format in DATE_FORMATS:
        try:
            return datetime.strptime(text.strip(), date_format).date().isoformat()
        except ValueError:
            continue
    return None


def parse_amount(text):
    text = text.replace("EUR", "").replace(" ", "").replace(",", ".")
    try:
        return Decimal(text).quantize(Decimal("0.01"))
    except InvalidOperation:
        return None


def clean_row(row):
    date = parse_date(row["date"])
    amount = parse_amount(row["amount"])
    if date is None or amount is None or amount <= 0:
        return None
    return {
        "order": int(row["order"]),
        "date": date,
        "customer": " ".join(row["customer"].split()).title(),
        "phone": NOT_PHONE.sub("", row["phone"]),
        "amount": str(amount),
    }


def clean_file(path, target):
    cleaned = []
    dropped = 0
    with path.open(newline="") as stream:
        for row in csv.DictReader(stream):
            record = clean_row(row)
            if record is None:
                dropped += 1
                continue
            cleaned.append(record)
    cleaned.sort(key=lambda record: (record["date"], record["order"]))
    (target / f"{path.stem}.json").write_text(json.dumps(cleaned, indent=1))
    return len(cleaned), dropped


def main():
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    target.mkdir(exist_ok=True)
    kept = 0
    dropped = 0
    with ProcessPoolExecutor() as pool:
        for cleaned, bad in pool.map(partial(clean_file, target=target), sorted(source.glob("*.csv"))):
            kept += cleaned
            dropped += bad
    print(f"{kept} orders kept, {dropped} dropped")


if __name__ == "__main__":
    main()
