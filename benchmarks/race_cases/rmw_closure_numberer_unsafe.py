"""Invoice numbers with a check digit."""


def check_digit(number: int) -> int:
    return sum(int(digit) for digit in str(number)) % 10


def make_numberer(prefix: str, start: int = 1000):
    last = start

    def numberer(customer: str) -> str:
        nonlocal last
        current = last + 1
        digit = check_digit(current)
        last = current
        return f"{prefix}-{current}-{digit} for {customer}"

    return numberer


work = make_numberer("INV")
