"""A book catalogue that numbers its records itself."""

import threading

catalogue: dict[int, dict] = {7: {"title": "Ulysses"}, 12: {"title": "Faust"}}
catalogue_lock = threading.Lock()


def slug(title: str) -> str:
    return "-".join(title.lower().split())


def work(book: dict) -> int:
    record = {**book, "slug": slug(book["title"])}
    with catalogue_lock:
        book_id = max(catalogue, default=0) + 1
        catalogue[book_id] = record
    return book_id
