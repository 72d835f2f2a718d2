import dataclasses


@dataclasses.dataclass
class Fighter:
    name: str
    health: int
    armour: int
    damage: int

    def hit(self, roll):
        self.health -= max(roll - self.armour, 0)
        return self.health > 0


ROSTER = {"orc": (90, 2, 8), "elf": (60, 3, 10), "dwarf": (110, 4, 7), "troll": (160, 1, 9)}


def summon(kind):
    return Fighter(kind, *ROSTER[kind])
