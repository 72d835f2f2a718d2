"""Running mean of response times."""


class Latency:
    def __init__(self) -> None:
        self.count = 0
        self.total = 0

    def parse(self, text: str) -> int:
        return int(text.removesuffix("ms"))

    def record(self, text: str) -> None:
        self.count += 1
        self.total += self.parse(text)

    @property
    def mean(self) -> float:
        return self.total / self.count if self.count else 0.0


latency = Latency()


def work(sample: str) -> None:
    latency.record(sample)
