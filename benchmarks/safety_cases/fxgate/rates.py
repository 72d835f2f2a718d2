import threading
import time


class RateCache:
    def __init__(self, source):
        self._source = source
        self._rates = {}
        self._lock = threading.Lock()

    def get(self, pair):
        with self._lock:
            if pair in self._rates:
                return self._rates[pair]
        rate = self._source(pair)
        with self._lock:
            return self._rates.setdefault(pair, rate)


def central_bank(pair):
    base, quote = pair
    time.sleep(0.001)
    return round(0.5 + (sum(map(ord, base)) * 7 % 100) / (sum(map(ord, quote)) % 90 + 10), 6)


RATES = RateCache(central_bank)
