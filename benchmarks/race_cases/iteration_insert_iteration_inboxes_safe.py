"""A chat room with one inbox per member."""

import threading

inboxes: dict[str, list[str]] = {"alice": [], "bob": []}
room = threading.RLock()


def deliver(inbox: list[str], text: str) -> None:
    with room:
        inbox.append(text.capitalize())


def work(event: dict[str, str]) -> int:
    with room:
        if "join" in event:
            inboxes[event["join"]] = []
            return len(event)
        sent = 0
        for inbox in inboxes.values():
            deliver(inbox, event["say"])
            sent += 1
    return sent
