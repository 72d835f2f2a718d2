"""Annuities with the precision a contract asks for: set at the start of every call, in the thread's own context."""
import decimal


def make_inputs():
    return [{"digits": 12 + n % 30, "rate": f"0.0{n % 89 + 10}", "years": 20 + n % 20} for n in range(400)]


def annuity(contract):
    context = decimal.getcontext()
    context.prec = contract["digits"]
    context.rounding = decimal.ROUND_HALF_EVEN
    rate = decimal.Decimal(contract["rate"])
    worth = decimal.Decimal(0)
    for _ in range(12):
        worth = sum((1 / (1 + rate) ** year for year in range(1, contract["years"])), decimal.Decimal(0))
    return str(10000 / worth)
