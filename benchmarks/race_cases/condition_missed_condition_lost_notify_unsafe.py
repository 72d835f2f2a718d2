"""One printer, shared."""

import threading

printer_free = threading.Condition()
busy = False
printed: list[str] = []


def try_reserve() -> bool:
    global busy
    with printer_free:
        if busy:
            return False
        busy = True
        return True


def release() -> None:
    global busy
    with printer_free:
        busy = False
        printer_free.notify()


def work(document: str) -> str:
    while not try_reserve():
        with printer_free:
            printer_free.wait()
    printed.append(document)
    release()
    return document.upper()
