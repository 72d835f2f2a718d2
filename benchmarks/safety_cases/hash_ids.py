"""Ids for bookings that follow from their contents, whoever makes them."""
import itertools
import uuid

SHOP = uuid.uuid5(uuid.NAMESPACE_DNS, "shop.example.org")


def reserve(seat):
    counter = itertools.count(1)
    price = seat
    for _ in range(7000):
        price = (price * 29 + 11) % 10_007
    return {"ticket": str(uuid.uuid5(SHOP, f"seat {seat}")), "lines": [next(counter), next(counter)], "price": price}


def make_inputs():
    return range(700)
