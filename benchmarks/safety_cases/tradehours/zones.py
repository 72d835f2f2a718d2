import contextlib
import os
import time

EXCHANGES = {"XTKS": "JST-9", "XNYS": "EST5EDT,M3.2.0,M11.1.0", "XLON": "GMT0BST,M3.5.0/1,M10.5.0", "XASX": "AEST-10AEDT,M10.1.0,M4.1.0/3"}


@contextlib.contextmanager
def local_time(exchange):
    before = os.environ.get("TZ")
    os.environ["TZ"] = EXCHANGES[exchange]
    time.tzset()
    try:
        yield time.localtime
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()
