"""Choose how many calls a process pool sends to a worker at once: the `chunksize` of each worker count."""

from __future__ import annotations

import math
from collections.abc import Sequence

from advisor.predict.demands import Scenario
from advisor.predict.pickling_cost import payloads

CHUNK_SECONDS = 0.1  # of computing that a chunk has at least, so that sending it costs little
CHUNK_TASKS = 20  # ... and at least this many times what sending it costs
CHUNKS_PER_WORKER = 4  # fewer leave workers idle at the end
PIPE_BYTES = 65536  # the buffer of a pipe on Linux; a larger task cannot be sent ahead


def process_chunks(scenario: Scenario, counts: Sequence[int]) -> dict[int, list[int]]:
    """Return the candidate chunk sizes of each worker count: cheap to send, and enough chunks to keep all workers busy.

    Where a pipe's buffer holds fewer calls, as many as it holds are a candidate too, since larger chunks cannot be sent
    ahead.
    """
    machine, (once, each) = scenario.machine, payloads(scenario.profile)
    fixed = machine.process_task + once.seconds + machine.process_byte * once.bytes
    worthwhile = max(CHUNK_SECONDS, CHUNK_TASKS * fixed) / scenario.call.wall
    buffered = round_down((PIPE_BYTES - once.sent) / max(each.sent, 1.0))
    calls = scenario.job.calls
    chunks = {count: round_down(min(worthwhile, calls / (CHUNKS_PER_WORKER * count))) for count in counts}
    return {count: [chunk] if buffered >= chunk else [chunk, buffered] for count, chunk in chunks.items()}


def round_down(limit: float) -> int:
    """Return the largest of 1, 2, 5, 10, 20, … up to the limit; at least 1."""
    if limit < 2:
        return 1
    power = 10 ** math.floor(math.log10(limit))  # of a number a hair below 1,000, 1,000
    return int(power * max(digit for digit in (0.5, 1, 2, 5) if digit * power <= limit))
