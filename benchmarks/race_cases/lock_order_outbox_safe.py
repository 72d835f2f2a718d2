"""Send through an outbox with room for one message."""

import queue
import threading

outbox: queue.Queue[str] = queue.Queue(maxsize=1)
status_lock = threading.Lock()
status = {"sent": 0}


def post(text: str) -> None:
    outbox.put(text)


def transmit() -> str:
    text = outbox.get()
    with status_lock:
        status["sent"] += 1
    return text


def work(text: str) -> int:
    post(text)
    return len(transmit())
