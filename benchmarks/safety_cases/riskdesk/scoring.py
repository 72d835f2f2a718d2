import logging
import random
import threading

from . import features

log = logging.getLogger(__name__)


class FraudScorer:
    def __init__(self, threshold):
        self.threshold = threshold
        self._weights = None
        self._lock = threading.Lock()

    @property
    def weights(self):
        with self._lock:
            if self._weights is None:
                self._weights = [round(1 / (d + 1), 6) for d in range(10)]
            return self._weights

    def score(self, card):
        number, amounts = card
        weights = self.weights
        shape = sum(w * c for w, c in zip(weights, features.digits(amounts)))
        value = shape + features.velocity(amounts) / 1000
        log.debug("card %s scored %.3f", number, value)
        return number, round(value, 6), value > self.threshold


scorer = FraudScorer(threshold=600.0)


def cards():
    rng = random.Random(4)
    return [(n, [rng.randrange(100, 90000) for _ in range(2600)]) for n in range(300)]
