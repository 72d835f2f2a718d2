"""A table that is made when it is first needed; a lock sees to it that it is made once."""
import threading

_lock = threading.Lock()
_table = None


def table():
    global _table
    if _table is None:
        with _lock:
            if _table is None:
                _table = [k * k % 1013 for k in range(5000)]
    return _table


def weigh(number):
    values = table()
    return sum(values[(number * k) % 5000] for k in range(6000))


def make_inputs():
    return range(600)
