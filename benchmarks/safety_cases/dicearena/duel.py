import random

from . import fighters


class Dice:
    def __init__(self, seed):
        self._random = random.Random(seed)
        self.rolled = 0

    def roll(self, sides):
        self.rolled += 1
        return self._random.randint(1, sides)


def fight(first, second, dice):
    sides = [first, second]
    while True:
        attacker, defender = sides
        if not defender.hit(dice.roll(attacker.damage + 4)):
            return attacker.name
        sides.reverse()


def tournament(match):
    seed, left, right = match
    dice = Dice(seed)
    wins = {left: 0, right: 0}
    for _ in range(70):
        wins[fight(fighters.summon(left), fighters.summon(right), dice)] += 1
    return match, wins, dice.rolled


def matches():
    kinds = sorted(fighters.ROSTER)
    return [(n, kinds[n % 4], kinds[(n + 1 + n % 3) % 4]) for n in range(260)]
