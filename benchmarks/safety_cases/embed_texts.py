import numpy as np


class Embedder:
    def __init__(self, width=64, tokens=300):
        rng = np.random.default_rng(3)
        self.table = rng.standard_normal((5000, width))
        self.mix = rng.standard_normal((width, width)) / 8
        self.work = np.empty((tokens, width))
        self.hidden = np.empty((tokens, width))

    def embed(self, document):
        tokens = [(document * 31 + k * 977) % 5000 for k in range(300)]
        np.take(self.table, tokens, axis=0, out=self.work)
        for _ in range(16):
            np.matmul(self.work, self.mix, out=self.hidden)
            np.tanh(self.hidden, out=self.work)
        vector = self.work.mean(axis=0)
        return document, [round(float(v), 6) for v in vector[:6]]


embedder = Embedder()


def embed(document):
    return embedder.embed(document)


def make_inputs():
    return list(range(1, 201))
