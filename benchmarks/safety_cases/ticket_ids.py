"""Each booking gets the next free ticket number."""
import itertools

TICKETS = itertools.count(5000)


def reserve(seat):
    price = seat
    for _ in range(7000):
        price = (price * 29 + 11) % 10_007
    ticket = next(TICKETS)
    return {"ticket": ticket, "seat": seat, "price": price}


def make_inputs():
    return range(700)
