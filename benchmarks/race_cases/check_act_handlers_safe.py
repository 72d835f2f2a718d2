"""Register one handler per event name."""

handlers: dict[str, str] = {"load": "init"}


def work(spec: list[str]) -> str:
    event, handler = spec
    current = handlers.setdefault(event, handler)
    if current != handler:
        return "already handled"
    return "registered"
