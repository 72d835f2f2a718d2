"""Keep an even sample of more inputs than fit into memory."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from time import monotonic
from typing import Generic, TypeVar

from advisor.errors import UsageError
from advisor.input_limits import MAX_INPUT_SECONDS

T = TypeVar("T")


@dataclass(frozen=True)
class Sample(Generic[T]):
    """Some of `total` values, or all of them, with the index of each."""

    values: list[T]
    indices: Sequence[int]
    total: int


def sample(values: Iterable[T], limit: int, source: str) -> Sample[T]:
    """Return the values, or an even sample of at most `limit` of them.

    The values are divided into blocks of equal length, and one value of each is drawn at random: a fixed step would be
    misled by inputs that alternate. The same values always give the same sample.

    Args:
        values: The values, read once.
        limit: The largest sample, an even number.
        source: The name of the values for errors.

    Raises:
        UsageError: The values beyond the limit did not end in `MAX_INPUT_SECONDS`.
    """
    choose = random.Random(0)
    if isinstance(values, Sequence) and len(values) > limit:
        total = len(values)
        edges = [index * total // limit for index in range(limit + 1)]
        drawn = [choose.randrange(start, end) for start, end in pairwise(edges)]
        return Sample([values[index] for index in drawn], drawn, total)
    remaining = iter(values)
    kept = list(islice(remaining, limit))
    if len(kept) == limit:
        return _sample_rest(kept, enumerate(remaining, limit), choose, source)
    return Sample(kept, range(len(kept)), len(kept))


def _sample_rest(first: list[T], remaining: Iterator[tuple[int, T]], choose: random.Random, source: str) -> Sample[T]:
    """Sample the remaining values, too; whenever there are too many blocks, merge neighbours."""
    limit = total = len(first)
    kept: list[tuple[int, T]] = []
    ends = monotonic() + MAX_INPUT_SECONDS
    length = 1  # of a block
    while block := list(islice(remaining, length)):
        kept = kept or list(enumerate(first))
        if len(kept) == limit:
            kept = [choose.choice(kept[index : index + 2]) for index in range(0, limit, 2)]
            block += islice(remaining, length)
            length *= 2
        kept.append(choose.choice(block))
        total += len(block)
        if monotonic() > ends:
            raise UsageError(
                f"{source} produced {total:,} inputs in {MAX_INPUT_SECONDS:g} s without ending: pass a part of them, "
                "and their number with --calls"
            )
    if not kept:
        return Sample(first, range(total), total)
    return Sample([value for _, value in kept], [index for index, _ in kept], total)
