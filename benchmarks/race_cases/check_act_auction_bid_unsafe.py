"""One lot of an auction."""


class Lot:
    def __init__(self, reserve: int) -> None:
        self.best = reserve
        self.bidder: str | None = None

    def accept(self, bidder: str, amount: int) -> None:
        self.best = amount
        self.bidder = bidder

    def bid(self, bidder: str, amount: int) -> bool:
        if amount <= self.best:
            return False
        self.accept(bidder, amount)
        return True


lot = Lot(reserve=1000)


def work(offer: list[str]) -> bool:
    bidder, text = offer
    return lot.bid(bidder, int(text.replace(",", "")))
