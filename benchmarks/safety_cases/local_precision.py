"""Compound interest with as many digits as asked for."""
import decimal
from decimal import Decimal


def balance(digits):
    with decimal.localcontext() as context:
        context.prec = digits
        rate, total = Decimal(1) + Decimal(3) / Decimal(1200), Decimal(1000)
        for _ in range(6000):
            total *= rate
        return str(total)


def make_inputs():
    return [30 + n % 40 for n in range(600)]
