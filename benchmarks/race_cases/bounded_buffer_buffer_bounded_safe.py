"""Samples are dropped when the buffer is full."""

import queue

CAPACITY = 3

buffer: queue.Queue[str] = queue.Queue(maxsize=CAPACITY)
buffer.put("tick")
buffer.put("tock")
dropped: list[str] = []


def encode(sample: str) -> str:
    return sample.encode().hex()


def work(sample: str) -> bool:
    try:
        buffer.put_nowait(encode(sample))
    except queue.Full:
        dropped.append(sample)
        return False
    return True
