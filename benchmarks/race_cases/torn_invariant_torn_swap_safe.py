"""Lane assignment; neighbours may trade places."""

from threading import Lock

lanes = ["Ines", "Jo", "Kai"]
lanes_lock = Lock()


def work(trade: list[int]) -> None:
    i, j = trade
    if i == j:
        raise ValueError("nothing to trade")
    with lanes_lock:
        lanes[i], lanes[j] = lanes[j], lanes[i]
