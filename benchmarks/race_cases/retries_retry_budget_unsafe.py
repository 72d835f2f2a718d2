"""Retries of flaky requests, paid from one common budget."""

budget = {"retries": 1}


def send(outcome: str) -> bool:
    return outcome == "ok"


def backoff(attempt: int) -> float:
    return 0.5 * 2**attempt


def work(outcomes: list[str]) -> str:
    waited = 0.0
    for attempt, outcome in enumerate(outcomes):
        if send(outcome):
            return f"delivered after {waited} s"
        if budget["retries"] < 1:
            return "gave up"
        waited += backoff(attempt)
        budget["retries"] -= 1
    return "failed"
