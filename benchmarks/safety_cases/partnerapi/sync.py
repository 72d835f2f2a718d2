import logging
import time

from .decorators import logged, retry

logger = logging.getLogger("partnerapi")


class Unavailable(Exception):
    pass


@logged(logger)
@retry(times=3, on=Unavailable)
def push(partner, attempt=0):
    time.sleep(0.004)
    if partner["id"] % 7 == 3 and attempt == 0:
        raise Unavailable(partner["name"])
    return partner["id"], partner["name"].upper(), attempt


def partners():
    return [{"id": n, "name": f"partner {n}"} for n in range(160)]
