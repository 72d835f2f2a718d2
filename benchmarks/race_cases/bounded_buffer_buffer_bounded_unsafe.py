"""Samples are dropped when the buffer is full."""

CAPACITY = 3

buffer = ["tick", "tock"]
dropped: list[str] = []


def encode(sample: str) -> str:
    return sample.encode().hex()


def work(sample: str) -> bool:
    if len(buffer) >= CAPACITY:
        dropped.append(sample)
        return False
    buffer.append(encode(sample))
    return True
