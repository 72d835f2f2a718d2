"""A task board kept as a list."""

import threading

tasks = [
    {"owner": "eve", "title": "water plants"},
    {"owner": "fay", "title": "order paper"},
    {"owner": "dana", "title": "fix door"},
]
board = threading.Lock()


def owned_by(index: int, owner: str) -> bool:
    return tasks[index]["owner"] == owner


def work(command: list[str]) -> str | None:
    action, owner = command
    with board:
        for index in range(len(tasks)):
            if owned_by(index, owner):
                task = tasks.pop(index) if action == "drop" else tasks[index]
                return task["title"]
    return None
