"""Tables as text, some wide and some with few digits, by pandas' options."""
import time

import pandas as pd


def table(number):
    frame = pd.DataFrame({"a": [number / 3, number / 7], "b": [1.0, 2.5]})
    with pd.option_context("display.precision", 2 + number % 4):
        time.sleep(0.001)  # the title is fetched
        return frame.to_string()


def make_inputs():
    return range(300)
