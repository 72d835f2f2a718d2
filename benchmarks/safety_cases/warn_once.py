"""Old records are read with a warning, which this program does not want to see."""
import warnings

warnings.simplefilter("ignore")


def read(record):
    version, total = record % 3, 0
    if version == 0:
        warnings.warn("version 0 records are deprecated", DeprecationWarning)
    for k in range(9000):
        total = (total * 7 + record + k) % 100_019
    return version, total


def make_inputs():
    return range(700)
