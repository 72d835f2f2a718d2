"""Register one handler per event name."""

handlers: dict[str, str] = {"load": "init"}


def work(spec: list[str]) -> str:
    event, handler = spec
    if event in handlers:
        return "already handled"
    handlers[event] = handler
    return "registered"
