"""How many deprecated calls does a snippet make? Counted by its warnings."""
import time
import warnings


def old_api(value):
    warnings.warn("old_api is deprecated", DeprecationWarning, stacklevel=2)
    return value + 1


def count_deprecated(number):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for step in range(number % 5):
            old_api(step)
            time.sleep(0.0005)
    return number, len([entry for entry in caught if entry.category is DeprecationWarning])


def make_inputs():
    return range(400)
