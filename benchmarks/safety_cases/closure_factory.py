"""A polynomial made by a factory, once, at import."""


def polynomial(*coefficients):
    def value(x):
        total = 0
        for step in range(1500):
            result = 0
            for coefficient in coefficients:
                result = (result * (x + step) + coefficient) % 1_000_003
            total ^= result
        return total

    return value


curve = polynomial(3, 1, 4, 1, 5)


def make_inputs():
    return range(500)
