"""Half-lives by Newton's method, with the number of doubtful steps."""
import math
import warnings


class DoubtfulStep(UserWarning):
    pass


def _half_life(counts):
    rate = 0.5
    for _ in range(80):
        slope = value = 0.0
        for k, seen in enumerate(counts):
            model = 100 * math.exp(-rate * k)
            value += (model - seen) * k * model
            slope += k * k * model * (2 * model - seen)
        step = value / slope if slope else 0.0
        if abs(step) > 0.01:
            warnings.warn(f"long step {step:.3f}", DoubtfulStep)
        rate = min(5.0, max(0.01, rate + step))
    return math.log(2) / rate


def fit(counts):
    with warnings.catch_warnings(record=True) as doubts:
        warnings.simplefilter("always")
        result = _half_life(counts)
    return round(result, 6), len(doubts)


def samples():
    return [[100 * math.exp(-(0.1 + n / 200) * k) + (n * k) % 5 for k in range(150)] for n in range(120)]
