"""Carry a savings account forward day by day: interest, fees and the running balance."""

import csv
import sys
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

CENT = Decimal("0.01")


def read_bookings(path):
    with open(path, newline="") as stream:
        rows = csv.reader(stream)
        next(rows)
        for day, amount in rows:
            yield date.fromisoformat(day), Decimal(amount)


def rate_for(balance):
    if balance < 0:
        return Decimal("0.119")
    return Decimal("0.021") if balance < 50_000 else Decimal("0.008")


def carry_forward(bookings, output):
    balance = Decimal("1000.00")
    accrued = Decimal(0)
    lowest = highest = balance
    last_day = None
    lines = 0
    for day, amount in bookings:
        last_day = last_day or day
        while last_day < day:
            accrued += balance * rate_for(balance) / 365
            last_day += timedelta(days=1)
            if last_day.day == 1:
                balance += accrued.quantize(CENT, ROUND_HALF_EVEN)
                accrued = Decimal(0)
        if balance + amount < -5000:
            output.write(f"{day} {amount:>10} refused\n")
            continue
        balance += amount
        lowest = min(lowest, balance)
        highest = max(highest, balance)
        output.write(f"{day} {amount:>10} {balance:>12}\n")
        lines += 1
    return balance, lowest, highest, lines


def main():
    bookings = read_bookings(sys.argv[1])
    with open(Path(sys.argv[2]) / "ledger.txt", "w") as output:
        balance, lowest, highest, lines = carry_forward(bookings, output)
    print(f"{lines} bookings, balance {balance}, lowest {lowest}, highest {highest}")


if __name__ == "__main__":
    main()
