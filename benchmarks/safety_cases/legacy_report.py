import contextlib
import io


def print_statement(account):
    balance = 0
    print(f"Statement for account {account}")
    for month in range(1, 181):
        for day in range(1, 29):
            balance += (account * 131 + month * 37 + day * 11) % 211 - 100
        print(f"  {month:03d}  {balance:>10d}")
    print(f"Closing balance {balance}")


def capture(account):
    buffer = io.StringIO()
    with contextlib.redirect_stdout(buffer):
        print_statement(account)
    return buffer.getvalue()


def statement(account):
    text = capture(account)
    return account, text.count("\n"), text.splitlines()[-1:]


def make_inputs():
    return list(range(300, 520))
