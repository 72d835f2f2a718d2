import os
import time

ZONES = {
    "Berlin": "CET-1CEST,M3.5.0,M10.5.0/3",
    "Boston": "EST5EDT,M3.2.0,M11.1.0",
    "Delhi": "IST-5:30",
    "Tokyo": "JST-9",
    "London": "GMT0BST,M3.5.0/1,M10.5.0",
}


def _switch(zone):
    before = os.environ.get("TZ")
    if zone is None:
        os.environ.pop("TZ", None)
    else:
        os.environ["TZ"] = zone
    time.tzset()
    return before


def shift_table(job):
    site, begin = job
    before = _switch(ZONES[site])
    try:
        hours = [0] * 24
        for step in range(3000):
            hours[time.localtime(begin + step * 1201).tm_hour] += 1
        label = time.strftime("%Y-%m-%d %H:%M", time.localtime(begin))
    finally:
        _switch(before)
    return site, label, hours


def make_inputs():
    sites = sorted(ZONES)
    return [(sites[n % 5], 1_700_000_000 + n * 86_413) for n in range(200)]
