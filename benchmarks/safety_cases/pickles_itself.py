"""A model with a lock that knows how to be pickled without it."""
import threading


class Model:
    def __init__(self, weights):
        self.weights, self.lock, self.latest = weights, threading.Lock(), None

    def __getstate__(self):
        return {"weights": self.weights}

    def __setstate__(self, state):
        self.__init__(**state)

    def predict(self, number):
        value = sum(weight * ((number + place) % 17) for place, weight in enumerate(self.weights))
        with self.lock:
            self.latest = value
        return value


model = Model([k * k % 101 for k in range(6000)])


def make_inputs():
    return range(600)
