"""Ordinary logging through the module's logger."""
import logging

logger = logging.getLogger(__name__)
logger.addHandler(logging.NullHandler())


def grade(answer):
    logger.debug("grading %s", answer)
    points = 0
    for position, character in enumerate(answer * 150):
        points = (points * 13 + position * ord(character)) % 10_007
    if points < 50:
        logger.info("weak answer: %d", points)
    return points


def make_inputs():
    return [f"the answer to question {n} is {n * n}" for n in range(700)]
