"""A cash machine with one account behind it."""

balance = 100


class InsufficientFunds(Exception):
    pass


def fee_for(amount: int) -> int:
    return 1 if amount > 50 else 0


def work(amount: int) -> int:
    global balance
    if balance < amount:
        raise InsufficientFunds(amount)
    fee = fee_for(amount)
    balance -= amount + fee
    return fee
