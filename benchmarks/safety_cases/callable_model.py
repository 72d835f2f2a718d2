"""A model that is called like a function; it holds a logger's handler and a lock."""
import logging
import threading


class Model:
    def __init__(self):
        self.guard = threading.Condition()
        self.handler = logging.NullHandler()
        self.table = [k * 31 % 257 for k in range(4096)]

    def __call__(self, number):
        total = 0
        for k in range(9000):
            total += self.table[(number * k) & 4095]
        return total


predict = Model()


def make_inputs():
    return range(500)
