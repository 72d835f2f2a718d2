"""Orders of a snack bar."""

next_id = 1
orders: dict[int, str] = {}


def work(item: str) -> int:
    global next_id
    order_id = next_id
    next_id = order_id + 1
    orders[order_id] = item
    return order_id
