"""Applies log rules written by users; a rule that takes too long is given up."""
import re
import signal


LOG = [f"Nov {n % 28 + 1} node{n % 9} kernel[{n * 31 % 5000}]: eth{n % 3} link up {n * n % 1000} Mbps" for n in range(3000)]


class TooSlow(Exception):
    pass


def _give_up(number, frame):
    raise TooSlow


def apply_rule(task):
    pattern, first = task
    previous = signal.signal(signal.SIGALRM, _give_up)
    signal.setitimer(signal.ITIMER_REAL, 5.0)
    try:
        rule = re.compile(pattern)
        return pattern, sum(len(found.group(0)) for line in LOG[first:first + 2400] for found in rule.finditer(line))
    except TooSlow:
        return pattern, None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def tasks():
    return [(rf"(?:node{n % 9}|eth\d) \w+(?:\[\d+\])?.{{0,{n % 5 + 3}}}\d", n * 5) for n in range(100)]
