"""Hand out rows in contiguous batches."""

ROWS = ["r0", "r1", "r2", "r3", "r4", "r5"]

source = iter(ROWS)


def work(size: int) -> list[str]:
    batch = []
    for _ in range(size):
        row = next(source, None)
        if row is None:
            break
        batch.append(row)
    return batch
