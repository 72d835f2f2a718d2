"""A client with a lock around its statistics; nobody's result depends on them."""
import threading
from dataclasses import dataclass, field


@dataclass
class Client:
    base: int = 97
    lock: threading.RLock = field(default_factory=threading.RLock)
    cache: dict = field(default_factory=dict)

    def digits(self, number):
        with self.lock:
            if number not in self.cache:
                self.cache[number] = [int(digit) for digit in str(number**3)]
            return self.cache[number]

    def weigh(self, number):
        total, digits = 0, self.digits(number)
        for k in range(9000):
            total = (total * self.base + digits[k % len(digits)]) % 1_000_003
        return total


client = Client()


def make_inputs():
    return range(1000, 1500)
