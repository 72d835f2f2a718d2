"""Compound interest with sixty digits."""
import decimal
from decimal import Decimal

decimal.getcontext().prec = 60


def balance(month):
    rate, total = Decimal(1) + Decimal(3) / Decimal(1200), Decimal(1000)
    for _ in range(6000 + month):
        total *= rate
    return str(total)


def make_inputs():
    return range(600)
