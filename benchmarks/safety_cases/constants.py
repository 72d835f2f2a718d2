"""Digits of constants, to the precision that the environment or the caller asks for."""
import decimal
import os
from decimal import Decimal


def _arctan_inverse(x):
    total = term = Decimal(1) / x
    square, k = x * x, 1
    while True:
        term = -term / square
        k += 2
        more = total + term / k
        if more == total:
            return total
        total = more


def digits(request):
    name, precision = request
    with decimal.localcontext() as context:
        context.prec = precision or int(os.environ.get("CONSTANT_DIGITS", "420"))
        if name == "pi":
            value = 4 * (4 * _arctan_inverse(Decimal(5)) - _arctan_inverse(Decimal(239)))
        elif name == "ln2":
            value = 2 * sum(1 / (Decimal(2 * k + 1) * Decimal(3) ** (2 * k + 1)) for k in range(context.prec + 5))
        else:
            value = sum(1 / Decimal(k) for k in range(1, 5000))
        value = +value
    return name, precision, str(value)[-12:]


def wanted():
    return [(("pi", "ln2", "harmonic")[n % 3], (n * 37) % 900) for n in range(120)]
