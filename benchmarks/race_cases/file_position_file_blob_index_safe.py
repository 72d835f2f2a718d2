"""An append-only blob store with an index in memory."""

import os
import tempfile
import threading

DATA = os.path.join(tempfile.mkdtemp(prefix="blobs-"), "data.bin")
open(DATA, "wb").close()

index: dict[str, tuple[int, int]] = {}
writing = threading.Lock()


def work(item: list[str]) -> int:
    name, text = item
    payload = text.encode("utf-8")
    with writing:
        offset = os.path.getsize(DATA)
        with open(DATA, "ab") as file:
            file.write(payload)
        index[name] = (offset, len(payload))
    return len(payload)
