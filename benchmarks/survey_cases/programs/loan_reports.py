"""Write the yearly statements of all loans, branch by branch."""

import json
import sys
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from string import Template

CENT = Decimal("0.01")
LETTER = Template(
    "Loan $number of $customer\n\nInterest paid: $interest\nRepaid: $repaid\nRemaining: $remaining\n\n$schedule\n"
)


def statement(loan):
    remaining = Decimal(loan["amount"])
    rate = Decimal(loan["rate"]) / 5200
    payment = Decimal(loan["payment"])
    interest_total = Decimal(0)
    lines = []
    for week in range(1, loan["weeks"] + 1):
        interest = (remaining * rate).quantize(CENT, ROUND_HALF_UP)
        repaid = min(payment - interest, remaining)
        remaining -= repaid
        interest_total += interest
        lines.append(f"{week:4} {interest:>10} {repaid:>10} {remaining:>12}")
        if not remaining:
            break
    return LETTER.substitute(
        number=loan["number"],
        customer=loan["customer"],
        interest=interest_total,
        repaid=Decimal(loan["amount"]) - remaining,
        remaining=remaining,
        schedule="\n".join(lines),
    )


def branch(loans, name):
    return [loan for loan in loans if loan["branch"] == name]


def main():
    loans = json.loads(Path(sys.argv[1]).read_text())
    target = Path(sys.argv[2])
    written = []

    for loan in branch(loans, "north"):
        letter = statement(loan)
        (target / f"north-{loan['number']}.txt").write_text(letter)
        written.append(len(letter))

    for loan in branch(loans, "south"):
        letter = statement(loan)
        (target / f"south-{loan['number']}.txt").write_text(letter)
        written.append(len(letter))

    for loan in branch(loans, "west"):
        letter = statement(loan)
        (target / f"west-{loan['number']}.txt").write_text(letter)
        written.append(len(letter))

    print(f"{len(written)} statements, {sum(written)} characters, longest {max(written)}")


if __name__ == "__main__":
    main()
