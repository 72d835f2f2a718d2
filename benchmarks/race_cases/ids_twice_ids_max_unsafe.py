"""A book catalogue that numbers its records itself."""

catalogue: dict[int, dict] = {7: {"title": "Ulysses"}, 12: {"title": "Faust"}}


def slug(title: str) -> str:
    return "-".join(title.lower().split())


def work(book: dict) -> int:
    book_id = max(catalogue, default=0) + 1
    catalogue[book_id] = {**book, "slug": slug(book["title"])}
    return book_id
