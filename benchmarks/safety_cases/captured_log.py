"""Return with each result what was logged meanwhile."""
import io
import logging
import time

LOG = logging.getLogger("jobs")
LOG.setLevel(logging.INFO)
LOG.propagate = False


def work(number):
    LOG.info("start %d", number)
    time.sleep(0.002)
    LOG.info("end %d", number)
    return number * 2


def with_log(number):
    buffer = io.StringIO()
    handler = logging.StreamHandler(buffer)
    LOG.addHandler(handler)
    try:
        return work(number), buffer.getvalue()
    finally:
        LOG.removeHandler(handler)


def make_inputs():
    return range(400)
