"""Tools are gathered in a namespace, next to a lock that something else uses."""
import threading
import types

LOCK = threading.Lock()


class Text:
    @staticmethod
    def shingles(text):
        return len({text[k : k + 5] for k in range(len(text) - 5)})

    @classmethod
    def roughness(cls, text):
        return sum(cls.shingles(text[start:]) for start in range(0, 40, 10))


tools = types.SimpleNamespace(lock=LOCK, text=Text, measure=lambda text: Text.roughness(text) % 97)


def make_inputs():
    return ["".join(chr(97 + (n * k * k) % 26) for k in range(1500)) for n in range(400)]
