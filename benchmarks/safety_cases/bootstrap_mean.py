"""Bootstrap the mean of a sample, with one generator for the whole study."""
import numpy as np


class Study:
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.sample = np.arange(5000.0)

    def resample(self):
        return self.rng.choice(self.sample, 5000)


study = Study(11)


def mean_of(replicate):
    values = [float(study.resample().mean()) for _ in range(6)]
    return replicate, max(values)


def make_inputs():
    return range(500)
