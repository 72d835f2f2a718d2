"""Lane assignment; neighbours may trade places."""

lanes = ["Ines", "Jo", "Kai"]


def work(trade: list[int]) -> None:
    i, j = trade
    if i == j:
        raise ValueError("nothing to trade")
    lanes[i], lanes[j] = lanes[j], lanes[i]
