"""Deliveries are added to the stock of their article."""
import time

STOCK = {}


def inspect(delivery):
    time.sleep(0.001)  # the scale answers
    return delivery % 7 + 1


def receive(delivery):
    article = f"article-{delivery % 3}"
    STOCK[article] = STOCK.get(article, 0) + inspect(delivery)


def make_inputs():
    return range(400)


def stock():
    return dict(sorted(STOCK.items()))
