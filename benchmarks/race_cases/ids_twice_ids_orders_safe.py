"""Orders of a snack bar."""

from itertools import count

ids = count(1)
orders: dict[int, str] = {}


def work(item: str) -> int:
    order_id = next(ids)
    orders[order_id] = item
    return order_id
