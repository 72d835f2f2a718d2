"""A pool with a single converter that calls take in turn."""

import threading


class Pool:
    def __init__(self, members: list[str]) -> None:
        self.free = list(members)
        self.changed = threading.Condition()

    def take(self) -> str:
        with self.changed:
            while not self.free:
                self.changed.wait()
            return self.free.pop()

    def give(self, member: str) -> None:
        with self.changed:
            self.free.append(member)
            self.changed.notify()


pool = Pool(["converter"])


def work(files: list[str]) -> list[str]:
    converted = []
    for name in files:
        member = pool.take()
        converted.append(name.replace(".csv", ".json"))
        pool.give(member)
    return converted
