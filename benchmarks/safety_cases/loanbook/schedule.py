from decimal import Decimal

from .money import CENT, precision


def amortise(loan):
    amount, percent, months = loan
    schedule = []
    with precision(40 if months > 240 else 28):
        rate = Decimal(percent) / 1200
        payment = (amount * rate / (1 - (1 + rate) ** -months)).quantize(CENT)
        rest = Decimal(amount)
        for month in range(months):
            interest = (rest * rate).quantize(CENT)
            part = min(payment - interest, rest)
            rest -= part
            schedule.append((month, interest, part))
    return loan, str(sum(i for _, i, _ in schedule)), str(rest), len(schedule)


def loans():
    return [(100000 + 1000 * n, f"{2 + n % 40 / 10:.1f}", 1200 + 360 * (n % 9)) for n in range(300)]
