"""One printer, shared."""

import threading

printer_free = threading.Condition()
busy = False
printed: list[str] = []


def reserve() -> None:
    global busy
    with printer_free:
        while busy:
            printer_free.wait()
        busy = True


def release() -> None:
    global busy
    with printer_free:
        busy = False
        printer_free.notify()


def work(document: str) -> str:
    reserve()
    printed.append(document)
    release()
    return document.upper()
