from .warehouse import Warehouse

_depot = Warehouse({f"SKU{n}": 60 for n in range(5)})


def allocate(order):
    """Gives each line what is left, in the order of arrival."""
    given = {}
    for sku, wanted in order["lines"]:
        left = _depot.available(sku)
        granted = min(wanted, left)
        _depot.take(sku, left - granted)
        given[sku] = granted
    return order["id"], given


def remaining():
    return sorted(_depot.bins.items())


def orders():
    return [{"id": n, "lines": [(f"SKU{n % 5}", 1 + n % 4), (f"SKU{(n + 2) % 5}", 2)]} for n in range(150)]
