"""Reserve all items of a basket, or none."""

stock = {"apple": 4, "pear": 2, "plum": 1}


def available(basket: dict[str, int]) -> bool:
    return all(stock.get(item, 0) >= wanted for item, wanted in basket.items())


def work(basket: dict[str, int]) -> bool:
    if not available(basket):
        return False
    for item, wanted in basket.items():
        stock[item] -= wanted
    return True
