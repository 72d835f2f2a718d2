"""A reproducible draw for each raffle: seed, shuffle, take three."""
import random


def draw(raffle):
    random.seed(raffle)
    tickets = list(range(1800))
    random.shuffle(tickets)
    bonus = [random.randint(1, 6) for _ in range(100)]
    return tickets[:3], sum(bonus)


def make_inputs():
    return range(900)
