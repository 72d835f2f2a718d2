"""The files that the programs read: each function fills an empty folder, always with the same content."""

import csv
import gzip
import hashlib
import json
import random
import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from itertools import accumulate
from pathlib import Path

SYLLABLES = [
    "ka",
    "lo",
    "mi",
    "ter",
    "un",
    "bra",
    "sel",
    "vor",
    "en",
    "dis",
    "tan",
    "gi",
    "po",
    "ru",
    "shen",
    "al",
    "qui",
    "fer",
    "no",
    "da",
]


def vocabulary(draw: random.Random, size: int) -> list[str]:
    """Return `size` invented words."""
    return ["".join(draw.choices(SYLLABLES, k=draw.randint(1, 4))) for _ in range(size)]


def sentences(draw: random.Random, words: list[str], count: int) -> Iterator[str]:
    """Yield sentences in which the first words of `words` are the most frequent."""
    weights = list(accumulate(1 / (rank + 2) for rank in range(len(words))))
    for _ in range(count):
        yield " ".join(draw.choices(words, cum_weights=weights, k=draw.randint(6, 14))).capitalize() + "."


def write_csv(path: Path, header: str, rows: Iterator[tuple[object, ...]]) -> None:
    """Write rows under a header whose columns are separated by spaces."""
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header.split())
        writer.writerows(rows)


def shop_exports(folder: Path) -> None:
    """Write order exports of many shops, each with its own way to write dates and amounts."""
    draw = random.Random(1)
    for shop in range(36):
        date_format = draw.choice(("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y"))

        def rows(date_format: str = date_format) -> Iterator[tuple[object, ...]]:
            for order in range(3600):
                day = date(2025, 1, 1) + timedelta(days=draw.randrange(365))
                amount = f"{draw.uniform(-20, 900):.2f}".replace(".", draw.choice(".,"))
                phone = f"+49 ({draw.randrange(1000)}) {draw.randrange(10**6)}"
                yield order, day.strftime(date_format), f"  anna   k{draw.randrange(999)}", phone, f"{amount} EUR"

        write_csv(folder / f"shop-{shop:02}.csv", "order date customer phone amount", rows())


def access_logs(folder: Path) -> None:
    """Write compressed access logs of 24 hours."""
    draw = random.Random(2)
    pages = [f"/{word}/{number}" for number, word in enumerate(vocabulary(draw, 400))] + ["/style.css", "/logo.png"]
    for hour in range(24):
        lines = []
        for _ in range(36_000):
            host = f"10.{draw.randrange(4)}.{draw.randrange(256)}.{draw.randrange(256)}"
            page = f"{draw.choice(pages)}{draw.choice(('', '/', '?page=2'))}"
            status = draw.choice((200, 200, 200, 304, 404, 500))
            size, milliseconds = draw.randrange(90000), int(draw.expovariate(0.01))
            lines.append(
                f'{host} - - [29/Nov/2025:{hour:02}:10:00 +0000] "GET {page} HTTP/1.1" {status} {size} {milliseconds}\n'
            )
        with gzip.open(folder / f"{hour:02}.log.gz", "wt", compresslevel=1) as stream:
            stream.writelines(lines)


def photos(folder: Path) -> None:
    """Write photographs of 1600 × 1200 pixels: gradients under noise."""
    from PIL import Image

    draw = random.Random(3)
    for number in range(22):
        noise = random.Random(number).randbytes(400 * 300)
        grain = Image.frombytes("L", (400, 300), noise).resize((1600, 1200), Image.Resampling.BICUBIC)
        slope = Image.linear_gradient("L").resize((1600, 1200)).rotate(draw.choice((0, 180)))
        picture = Image.merge("RGB", (Image.blend(slope, grain, 0.2), Image.blend(slope, grain, 0.4), grain))
        picture.save(folder / f"img-{number:03}.jpg", quality=80)


def text_files(folder: Path) -> None:
    """Write long texts."""
    draw = random.Random(4)
    words = vocabulary(draw, 6000)
    for number in range(30):
        (folder / f"chapter-{number:02}.txt").write_text("\n".join(sentences(draw, words, 5600)))


def large_files(folder: Path) -> None:
    """Write large files, mostly zeros, some twice."""
    for number in range(44):
        path = folder / f"part-{number % 5}" / f"volume-{number:02}.bin"
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as stream:
            stream.write(f"volume {number // 2 if number % 6 < 2 else number}\n".encode())
            stream.truncate(7_000_000)


def accounts(folder: Path) -> None:
    """Write accounts with hashed passwords, and a list of common passwords."""
    draw = random.Random(5)
    common = [f"{word}{number}" for number, word in enumerate(vocabulary(draw, 8))]
    rows = []
    for number in range(16):
        salt = draw.randbytes(8)
        password = common[draw.randrange(8)] if number % 4 == 1 else f"long and unusual {number}"
        digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 60_000).hex()
        rows.append({"user": f"user{number:02}", "salt": salt.hex(), "hash": digest})
    (folder / "common.txt").write_text("\n".join(common))
    (folder / "accounts.json").write_text(json.dumps(rows))


def sudokus(folder: Path) -> None:
    """Write sudokus with 26 givens each."""
    draw = random.Random(6)
    lines = []
    for _ in range(900):
        digits = draw.sample("123456789", 9)
        rows = [3 * band + row for band in draw.sample(range(3), 3) for row in draw.sample(range(3), 3)]
        columns = [3 * band + column for band in draw.sample(range(3), 3) for column in draw.sample(range(3), 3)]
        grid = [digits[(3 * (row % 3) + row // 3 + column) % 9] for row in rows for column in columns]
        for cell in draw.sample(range(81), 55):
            grid[cell] = "."
        lines.append("".join(grid))
    (folder / "puzzles.txt").write_text("\n".join(lines) + "\n")


def measurements(folder: Path) -> None:
    """Write labelled measurements."""
    draw = random.Random(7)

    def rows() -> Iterator[tuple[object, ...]]:
        for _ in range(6000):
            values = [round(draw.gauss(0, 1), 4) for _ in range(6)]
            yield *values, int(values[0] - 0.7 * values[1] + 0.4 * values[2] + draw.gauss(0, 0.5) > 0)

    write_csv(folder / "measurements.csv", "a b c d e f label", rows())


def sensor_readings(folder: Path) -> None:
    """Write irregular readings of 30 sensors."""
    draw = random.Random(8)

    def rows() -> Iterator[tuple[object, ...]]:
        for sensor in range(30):
            seconds = 1_700_000_000
            level = draw.uniform(15, 25)
            for _ in range(3500):
                seconds += draw.randrange(200, 700)
                level += draw.gauss(0, 0.05)
                yield f"T{sensor:02}", seconds, round(level + (20 if draw.random() < 0.002 else 0), 3)

    write_csv(folder / "readings.csv", "sensor seconds value", rows())


def news_feeds(folder: Path) -> None:
    """Write RSS feeds."""
    draw = random.Random(9)
    stock = list(sentences(draw, vocabulary(draw, 3000), 3000))
    for feed in range(60):
        items = []
        for number in range(1900):
            published = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=draw.randrange(500_000))
            summary = "&lt;p&gt;" + "&lt;/p&gt;&lt;p&gt;".join(draw.choices(stock, k=3)) + " &amp;amp; more&lt;/p&gt;"
            items.append(
                f"<item><title>{draw.choice(stock)}</title><link>https://example.org/{feed}/{number}</link>"
                f"<pubDate>{format_datetime(published)}</pubDate><description>{summary}</description></item>"
            )
        (folder / f"feed-{feed:02}.xml").write_text(f"<rss><channel>{''.join(items)}</channel></rss>")


def notes(folder: Path) -> None:
    """Write notes in Markdown."""
    draw = random.Random(10)
    words = vocabulary(draw, 300)
    for number in range(40):
        (folder / f"note-{number:02}.md").write_text("# Note\n\n" + "\n".join(sentences(draw, words, 1700)))


def orders(folder: Path) -> None:
    """Write orders of a web shop."""
    draw = random.Random(11)
    words = vocabulary(draw, 2000)

    def rows() -> Iterator[tuple[object, ...]]:
        for number in range(32_000):
            name = f"{draw.choice(words).title()} {draw.choice(words).title()}"
            email = f"{draw.choice((name.replace(' ', ''), draw.choice(words)))}{draw.randrange(10**5)}@mail.example"
            country, ship_to = draw.choices(("DE", "FR", "IT", "XA", "XB", "XC"), k=2)
            yield number, name, email, country, ship_to, round(draw.expovariate(0.004), 2)

    write_csv(folder / "orders.csv", "order name email country ship_to amount", rows())


def taxi_trips(folder: Path) -> None:
    """Write taxi trips."""
    draw = random.Random(12)

    def rows() -> Iterator[tuple[object, ...]]:
        for _ in range(32_000):
            coordinates = [
                round(value, 6) for _ in range(2) for value in (draw.gauss(48.13, 0.03), draw.gauss(11.5, 0.05))
            ]
            yield *coordinates, draw.randrange(500, 6000)

    write_csv(folder / "trips.csv", "lat1 lon1 lat2 lon2 cents", rows())


def camera_frames(folder: Path) -> None:
    """Write frames with a periodic noise."""
    import numpy as np

    y, x = np.indices((1024, 1024))
    for number in range(20):
        noise = np.random.default_rng(number).normal(0, 0.1, (1024, 1024))
        frame = np.sin(x / 97 + number) + np.cos(y / 61) + 0.5 * np.sin(2 * np.pi * 75 * x / 1024) + noise
        np.save(folder / f"frame-{number:02}.npy", frame.astype(np.float32))


def shop_pages(folder: Path) -> None:
    """Write the pages of a web shop."""
    draw = random.Random(13)
    words = vocabulary(draw, 900)
    star = '<i class="star full"></i>'
    for number in range(110):
        products = "".join(
            f'<div class="product"><h2 class="title"><b>{draw.choice(words)}</b> {draw.choice(words)}</h2>'
            f'<span class="price">{draw.randrange(1, 300)},{draw.randrange(10, 99)} €</span><p>'
            f"{star * draw.randrange(6)}</p><a href='/p/{number}-{product}'>details</a></div>"
            for product in range(60)
        )
        page = f"<html><body><h1>{draw.choice(words)}</h1>{products}</body></html>"
        (folder / f"page-{number:02}.html").write_text(page, encoding="utf-8")


def warehouse(folder: Path) -> None:
    """Write a database of sales."""
    draw = random.Random(14)
    rows = [
        (
            f"region {draw.randrange(16):02}",
            draw.randrange(380),
            draw.randrange(40),
            draw.randrange(1, 5),
            draw.randrange(100, 9000),
        )
        for _ in range(220_000)
    ]
    with sqlite3.connect(folder / "sales.db") as database:
        database.execute(
            "CREATE TABLE sales (region TEXT, customer INTEGER, product INTEGER, quantity INTEGER, cents INTEGER)"
        )
        database.executemany("INSERT INTO sales VALUES (?, ?, ?, ?, ?)", rows)
        database.execute("CREATE INDEX by_region ON sales (region, customer, product)")
    database.close()


def documents(folder: Path) -> None:
    """Write a collection of documents."""
    draw = random.Random(15)
    words = vocabulary(draw, 2500)
    with (folder / "documents.jsonl").open("w") as stream:
        for number in range(270):
            text = " ".join(sentences(draw, words, 60))
            stream.write(json.dumps({"id": f"D{number:03}", "text": text}) + "\n")


def loans(folder: Path) -> None:
    """Write the loans of three branches."""
    draw = random.Random(16)
    rows = [
        {
            "number": number,
            "branch": ("north", "south", "west")[number % 3],
            "customer": f"customer {draw.randrange(10**6)}",
            "amount": f"{draw.randrange(5000, 300_000)}.00",
            "rate": f"{draw.uniform(1, 6):.2f}",
            "payment": f"{draw.randrange(180, 350)}.00",
            "weeks": draw.randrange(900, 1561),
        }
        for number in range(1800)
    ]
    (folder / "loans.json").write_text(json.dumps(rows))


def genes(folder: Path) -> None:
    """Write two versions of a gene."""
    draw = random.Random(17)
    first = draw.choices("ACGT", k=3600)
    second = [draw.choice("ACGT") if draw.random() < 0.1 else base for base in first if draw.random() > 0.03]
    (folder / "first.txt").write_text("".join(first))
    (folder / "second.txt").write_text("".join(second))


def bookings(folder: Path) -> None:
    """Write the bookings of an account."""
    draw = random.Random(18)

    def rows() -> Iterator[tuple[object, ...]]:
        day = date(1980, 1, 1)
        for _ in range(700_000):
            if draw.random() < 0.5:
                day += timedelta(days=1)
            yield day, f"{draw.gauss(0, 250):.2f}"

    write_csv(folder / "bookings.csv", "date amount", rows())


def stock_lists(folder: Path) -> None:
    """Write the stock of two warehouses."""
    draw = random.Random(19)
    for name in ("east", "west"):
        items = [
            {
                "sku": f"{draw.choice(SYLLABLES)}-{draw.randrange(10**6)}",
                "shelf": f"shelf {draw.randrange(12):02}",
                "stock": draw.randrange(500),
                "counted": f"2025-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}",
            }
            for _ in range(50_000)
        ]
        (folder / f"{name}.json").write_text(json.dumps(items))


def day_orders(folder: Path) -> None:
    """Write the orders of a day."""
    draw = random.Random(20)
    rows = ((number, draw.randrange(200), draw.randint(1, 9)) for number in range(2200))
    write_csv(folder / "orders.csv", "number article pieces", rows)


def journal_events(folder: Path) -> None:
    """Write the events of a journal."""
    draw = random.Random(21)
    with (folder / "events.jsonl").open("w") as stream:
        for _ in range(60_000):
            event = {"user": f" User{draw.randrange(500)} ", "action": draw.choice(("read", "write", "delete"))}
            stream.write(json.dumps(event) + "\n")
