"""Retries of flaky requests, paid from one common budget."""

import threading

budget = {"retries": 1}
budget_lock = threading.Lock()


def send(outcome: str) -> bool:
    return outcome == "ok"


def backoff(attempt: int) -> float:
    return 0.5 * 2**attempt


def pay_retry() -> bool:
    with budget_lock:
        if budget["retries"] < 1:
            return False
        budget["retries"] -= 1
        return True


def work(outcomes: list[str]) -> str:
    waited = 0.0
    for attempt, outcome in enumerate(outcomes):
        if send(outcome):
            return f"delivered after {waited} s"
        if not pay_retry():
            return "gave up"
        waited += backoff(attempt)
    return "failed"
