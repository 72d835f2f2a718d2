"""A hand-made memo decorator that records its misses."""

import functools
import threading

computed: list[int] = []


def memoise(function):
    results: dict[int, int] = {}
    lock = threading.Lock()

    @functools.wraps(function)
    def wrapper(n: int) -> int:
        with lock:
            if n not in results:
                results[n] = function(n)
            return results[n]

    return wrapper


@memoise
def divisor_sum(n: int) -> int:
    computed.append(n)
    return sum(d for d in range(1, n) if n % d == 0)


def work(n: int) -> str:
    total = divisor_sum(n)
    return "perfect" if total == n else "abundant" if total > n else "deficient"
