import dataclasses
import typing


@dataclasses.dataclass
class Quest:
    name: str
    reward: int
    completed: typing.Callable[[dict], bool]


def at_least(stat, amount):
    return lambda hero: hero[stat] >= amount
