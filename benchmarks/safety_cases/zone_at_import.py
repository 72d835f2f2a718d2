"""Opening hours in the time of the shop's head office. The zone is set once, when the module is imported."""
import os
import time

os.environ["TZ"] = "CET-1CEST,M3.5.0,M10.5.0/3"
time.tzset()


def make_inputs():
    return [1_700_000_000 + n * 86_399 for n in range(400)]


def opening_hours(stamp):
    hours = []
    for hour in range(0, 672):
        local = time.localtime(stamp + hour * 3600)
        if local.tm_wday < 5 and 9 <= local.tm_hour < 17:
            hours.append(time.strftime("%a %H:%M %Z", local))
    return len(hours), hours[0], time.mktime(time.localtime(stamp)) == stamp
