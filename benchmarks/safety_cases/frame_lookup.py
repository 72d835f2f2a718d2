"""Turnover of an article, from a frame that is read only."""
import numpy as np
import pandas as pd

SALES = pd.DataFrame({"article": np.arange(20_000) % 500, "cents": np.arange(20_000) * 7 % 997})


def turnover(article):
    chosen = SALES[SALES["article"] == article]
    return article, int(chosen["cents"].sum()), len(chosen)


def make_inputs():
    return [n % 500 for n in range(800)]
