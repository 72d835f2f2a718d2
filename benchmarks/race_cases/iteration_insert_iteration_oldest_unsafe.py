"""Find the entry to evict: the one used longest ago."""

from dataclasses import dataclass


@dataclass
class Entry:
    used_at: int


entries = {"a": Entry(5), "b": Entry(2), "c": Entry(9)}


def age_key(name: str) -> int:
    return entries[name].used_at


def work(command: list[str]) -> str:
    action, name = command
    if action == "put":
        entries[name] = Entry(10)
        return name
    return min(entries, key=age_key)
