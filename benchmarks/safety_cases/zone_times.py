"""Local hours in a customer's zone; the default zone comes from the environment."""
import datetime
import os
import zoneinfo

ZONES = [None, "America/New_York", "Asia/Tokyo", "Europe/Lisbon", "Asia/Kolkata"]


def local_hours(stamp):
    name = ZONES[stamp // 3600 % len(ZONES)] or os.environ.get("SHOP_ZONE", "UTC")
    zone = zoneinfo.ZoneInfo(name)
    start = datetime.datetime.fromtimestamp(stamp, zone)
    total = 0
    for step in range(700):
        total += (start + datetime.timedelta(hours=step)).astimezone(datetime.timezone.utc).hour
    return name, start.hour, total


def make_inputs():
    return [1_700_000_000 + 3600 * n for n in range(800)]
