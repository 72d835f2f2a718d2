"""Ranking that is sorted in place on demand."""

import threading

ranking = ["Max 31", "Lia 8", "Tom 19", "Eva 27"]
ranking_lock = threading.Lock()


def score(line: str) -> int:
    return int(line.rsplit(maxsplit=1)[1])


def work(command: list[str]) -> str:
    action, line = command
    with ranking_lock:
        if action == "add":
            ranking.append(line)
        else:
            ranking.sort(key=score, reverse=True)
    return action
