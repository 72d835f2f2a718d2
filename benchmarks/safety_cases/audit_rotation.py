"""An audit trail that is rotated by size."""
import glob
import logging
import logging.handlers
import os

os.makedirs("audit", exist_ok=True)
AUDIT = logging.getLogger("audit")
AUDIT.propagate = False
AUDIT.setLevel(logging.INFO)
AUDIT.addHandler(logging.handlers.RotatingFileHandler("audit/trail.log", maxBytes=100, backupCount=400))


def approve(case):
    level = case
    for _ in range(3000):
        level = (level * 19 + 1) % 30_011
    AUDIT.info("case %d level %d", case, level)
    return level


def make_inputs():
    return range(800)


def trail():
    lines = []
    for path in glob.glob("audit/trail.log*"):
        with open(path) as source:
            lines += source.read().splitlines()
    return sorted(lines)
