"""Running mean of response times."""

import threading


class Latency:
    def __init__(self) -> None:
        self.count = 0
        self.total = 0
        self._lock = threading.Lock()

    def parse(self, text: str) -> int:
        return int(text.removesuffix("ms"))

    def record(self, text: str) -> None:
        value = self.parse(text)
        with self._lock:
            self.count += 1
            self.total += value

    @property
    def mean(self) -> float:
        with self._lock:
            return self.total / self.count if self.count else 0.0


latency = Latency()


def work(sample: str) -> None:
    latency.record(sample)
