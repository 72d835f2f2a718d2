"""A temperature band, set in Fahrenheit, read in Celsius."""

import threading


class Band:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.low = 0
        self.high = 5

    def celsius(self, fahrenheit: int) -> int:
        return (fahrenheit - 32) * 5 // 9

    def set(self, low: int, high: int) -> None:
        with self.lock:
            self.low = self.celsius(low)
            self.high = self.celsius(high)

    def read(self) -> tuple[int, int]:
        with self.lock:
            return self.low, self.high


band = Band()


def work(command: list) -> list[int] | None:
    action, low, high = command
    if action == "set":
        return band.set(low, high)
    return list(band.read())
