import time

from .settings import config


class Catalogue:
    def __init__(self, latency):
        self.latency = latency

    def search(self, words, limit):
        time.sleep(self.latency)
        found = []
        for number in range(limit):
            found.append({"sku": f"{words[0]}-{number}", "cents": 199 + number * len(words[-1])})
        return found


catalogue = Catalogue(config.latency)
