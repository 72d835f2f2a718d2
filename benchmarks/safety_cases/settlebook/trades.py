import random


def load_day(batches=60, size=6000):
    """The day's trades (buyer, seller, cents) by batch, as the clearing house sent them."""
    rng = random.Random(5)
    banks = [f"BANK{i:02}" for i in range(24)]
    pairs = [(a, b) for a in banks for b in banks if a != b]
    day = []
    for _ in range(batches):
        day.append([(*pair, 1 + k * 7919 % 100000) for k, pair in enumerate(rng.choices(pairs, k=size))])
    return day


DAY = load_day()
