"""Plays scripted encounters against the practice server."""
import dataclasses
import time
import typing


@dataclasses.dataclass
class Encounter:
    name: str
    health: int
    hit: typing.Callable[[int], int] = dataclasses.field(repr=False)


def _server_tick():
    time.sleep(0.0008)


def play(encounter):
    health, rounds = encounter.health, 0
    while health > 0 and rounds < 6:
        _server_tick()
        health -= encounter.hit(rounds)
        rounds += 1
    return encounter.name, rounds, health


def encounters():
    return [Encounter(f"cave-{n}", 60 + n, lambda turn, n=n: 9 + (turn * 5 + n) % 11) for n in range(120)]
