"""Monthly statements, one account at a time."""
import time

from .repository import get_repository


def notify_progress(account, done):
    time.sleep(0.0015)  # the status end point answers slowly
    return account, done


def statement(account):
    repository = get_repository()
    repository.select(account)
    lines, balance = [], 0
    while True:
        page = repository.page()
        if not page:
            break
        for entry, cents in page:
            balance += cents
            lines.append((entry, balance))
        notify_progress(account, len(lines))
    return account, len(lines), balance


def accounts():
    get_repository()
    return list(range(160))
