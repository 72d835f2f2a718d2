"""Chatty library calls are silenced with logging.disable; the important lines follow."""
import logging
import time


class Kept(logging.Handler):
    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


KEPT = Kept()
LOG = logging.getLogger("import")
LOG.setLevel(logging.INFO)
LOG.propagate = False
LOG.addHandler(KEPT)


def load(number):
    logging.disable(logging.CRITICAL)
    time.sleep(0.002)  # the chatty part
    LOG.info("noise %d", number)
    logging.disable(logging.NOTSET)
    time.sleep(0.001)  # the loading proper
    before = len(KEPT.lines)
    LOG.warning("loaded %d", number)
    return number, [line for line in KEPT.lines[before:] if line.endswith(f" {number}")]


def make_inputs():
    return range(400)
