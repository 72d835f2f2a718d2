"""Settings from the environment, read once; the object cannot change."""
import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    rounds: int
    salt: str


SETTINGS = Settings(int(os.environ.get("ROUNDS", "9000")), os.getenv("SALT", "salt"))


def stretch(word):
    value = sum(map(ord, SETTINGS.salt + word))
    for _ in range(SETTINGS.rounds):
        value = (value * 33 + 5) % 1_000_033
    return value, os.path.basename(os.path.join(os.getcwd(), word))


def make_inputs():
    return [f"word{n}" for n in range(500)]
