"""A score that somebody wrote as a lambda."""
score = lambda number: sum((number * k + 7) % 1009 for k in range(9000))  # noqa: E731


def make_inputs():
    return range(500)
