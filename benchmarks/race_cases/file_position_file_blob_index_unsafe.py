"""An append-only blob store with an index in memory."""

import os
import tempfile

DATA = os.path.join(tempfile.mkdtemp(prefix="blobs-"), "data.bin")
open(DATA, "wb").close()

index: dict[str, tuple[int, int]] = {}


def work(item: list[str]) -> int:
    name, text = item
    payload = text.encode("utf-8")
    offset = os.path.getsize(DATA)
    with open(DATA, "ab") as file:
        file.write(payload)
    index[name] = (offset, len(payload))
    return len(payload)
