"""The messages that a worker process sends: ready, failed, or a report of its chunk.

Every result is pickled by itself, so that one that cannot be pickled or unpickled costs no other. The pickles follow
the pickled header, which has their lengths. Results of plain types, which always can be, are in the header.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any, NamedTuple

from advisor.jobs.pools import travelling_errors
from advisor.jobs.pools.pickles import Dumps
from advisor.jobs.pools.pool import Done

_PLAIN = frozenset({type(None), bool, int, float, complex, str, bytes})


class Message(NamedTuple):
    """News of a worker.

    `number`: of the chunk; None: the worker is ready to work, or about to exit. `broken`: why it cannot work at all.
    `cannot_load`: the reason is that the function cannot be loaded there. `logs`: for `worker_logs.deliver`.
    """

    number: int | None
    done: Sequence[Done] = ()
    finished: bool = False
    lost: str = ""
    broken: str = ""
    cannot_load: bool = False
    logs: bytes | None = None


def encode(message: Message, dumps: Dumps) -> bytes:
    """Return the message as bytes; a result that cannot be pickled becomes a failure."""
    if _PLAIN.issuperset(map(type, [each.value for each in message.done])):
        calls = [tuple(each) for each in message.done]
        return pickle.dumps((message.number, calls, True, *message[2:]), 5)
    calls, pickles = [], []
    for key, value, failed, seconds, cpu in message.done:
        data, failed = _pickle_value(value, failed, dumps)
        calls.append((key, failed, seconds, cpu, len(data)))
        pickles.append(data)
    header = pickle.dumps((message.number, calls, False, *message[2:]), 5)
    return b"".join([header, *pickles]) if pickles else header


def decode(data: bytes) -> Message:
    """Return the message that was encoded."""
    number, calls, plain, *rest = pickle.loads(data)  # it ignores what follows the header
    if plain:
        return Message(number, [Done(*call) for call in calls], *rest)
    done = []
    start = len(data) - sum([call[4] for call in calls])
    view = memoryview(data)
    for key, failed, seconds, cpu, length in calls:
        value, failed = _unpickle_value(view[start : start + length], failed)
        done.append(Done(key, value, failed, seconds, cpu))
        start += length
    return Message(number, done, *rest)


def cannot_unpickle(number: int, keys: Sequence[int], problem: BaseException) -> Message:
    """Return the message for a chunk whose calls cannot be unpickled: a single call fails, several are lost."""
    text = f"the arguments cannot be unpickled in the worker: {travelling_errors.describe(problem)}"
    if len(keys) > 1:
        return Message(number, finished=True, lost=text)
    error = TypeError(text).with_traceback(problem.__traceback__)
    return Message(number, [Done(keys[0], error, True, 0.0, None)], finished=True)


def _pickle_value(value: Any, failed: bool, dumps: Dumps) -> tuple[bytes, bool]:
    if not failed:
        try:
            return dumps(value), False
        except Exception as problem:  # noqa: BLE001  (the user's classes take part)
            kind = type(value)
            value = TypeError(
                f"the result, of type {kind.__module__}.{kind.__qualname__}, cannot be pickled: {problem}"
            )
    return travelling_errors.pack(value, dumps), True


def _unpickle_value(data: memoryview, failed: bool) -> tuple[Any, bool]:
    if failed:
        return travelling_errors.unpack(data), True
    try:
        return pickle.loads(data), False
    except Exception as problem:  # noqa: BLE001  (the user's classes take part)
        error = TypeError(f"the result cannot be unpickled: {type(problem).__qualname__}: {problem}")
        error.__cause__ = problem
        return error, True
