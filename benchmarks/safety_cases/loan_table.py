import decimal
from decimal import Decimal

_configured = False


def _configure():
    global _configured
    if not _configured:
        context = decimal.getcontext()
        context.prec = 50
        context.rounding = decimal.ROUND_HALF_UP
        _configured = True


def schedule(loan):
    _configure()
    amount, percent, months = loan
    options = []
    for step in range(12):
        rate = (Decimal(percent) + Decimal(step) / 8) / 1200
        factor = (1 + rate) ** months
        payment = Decimal(amount) * rate * factor / (factor - 1)
        rest, interest = Decimal(amount), Decimal(0)
        for _ in range(months):
            due = rest * rate
            interest += due
            rest = rest + due - payment
        options.append((interest, payment))
    interest, payment = min(options)
    return str(payment), str(interest), str(sum(i for i, _ in options))


def make_inputs():
    return [(10_000 + n * 731, 2 + n % 7, 240 + 12 * (n % 10)) for n in range(250)]
