"""Sum up what was billed in a value in shared memory, 'so that processes can share it'."""
import multiprocessing

TOTAL = multiprocessing.Value("q", 0)


def make_inputs():
    return [(n, n * 13 % 47 + 1) for n in range(400)]


def bill(item):
    number, hours = item
    before = TOTAL.value
    rate = number
    for _ in range(6000):
        rate = (rate * 75 + 74) % 65537
    TOTAL.value = before + hours * (rate % 90 + 10)
    return rate


def total():
    return TOTAL.value
