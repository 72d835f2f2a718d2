"""A chat room with one inbox per member."""

inboxes: dict[str, list[str]] = {"alice": [], "bob": []}


def deliver(inbox: list[str], text: str) -> None:
    inbox.append(text.capitalize())


def work(event: dict[str, str]) -> int:
    if "join" in event:
        inboxes[event["join"]] = []
        return len(event)
    sent = 0
    for inbox in inboxes.values():
        deliver(inbox, event["say"])
        sent += 1
    return sent
