"""Local time of an instant in a customer's zone, the C library's way."""
import os
import time

ZONES = ["UTC0", "EST5EDT", "JST-9", "CET-1CEST", "IST-5:30", "NZST-12"]


def local_hour(stamp):
    zone = ZONES[stamp // 3600 % len(ZONES)]
    before = os.environ.get("TZ")
    os.environ["TZ"] = zone
    time.tzset()
    hours = [time.localtime(stamp + 3600 * step).tm_hour for step in range(600)]
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()
    return zone, hours[0], hours[-1], sum(hours)


def make_inputs():
    return [1_700_000_000 + 3600 * n for n in range(800)]
