import os
import random


def seed_everything(seed):
    """As in every notebook: one place that makes a run repeatable."""
    os.environ.setdefault("PYTHONHASHSEED", "0")
    random.seed(seed)
    return seed
