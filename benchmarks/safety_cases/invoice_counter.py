"""Consecutive invoice numbers, kept in a small file."""
import os
import time

COUNTER = "last_invoice.txt"
if not os.path.exists(COUNTER):
    with open(COUNTER, "w") as out:
        out.write("0")


def next_number():
    with open(COUNTER) as source:
        number = int(source.read()) + 1
    time.sleep(0.001)
    with open(COUNTER, "w") as target:
        target.write(str(number))
    return number


def invoice(customer):
    return customer, f"2024-{next_number():06d}"


def make_inputs():
    return [f"customer {n}" for n in range(300)]
