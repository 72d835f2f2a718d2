"""The program that runs chunks of calls in a worker of a cluster.

It is sent by value with what it uses of this package, so it must do with the standard library and cloudpickle: workers
need not have advisor.
"""

from __future__ import annotations

import asyncio
import pickle
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from advisor.jobs.pools import pickles
from advisor.jobs.pools.pool import Arguments, Done
from advisor.jobs.pools.timed_calls import run_calls
from advisor.jobs.pools.travelling_errors import describe
from advisor.jobs.pools.worker_messages import Message, cannot_unpickle, encode

Place = tuple[int, int | str, int]  # of a shared argument: call, position or name of the argument, shared object


class Payload(NamedTuple):
    """A chunk on its way to a worker.

    `batches`: the pickled calls, in one list, or each in a list of its own. Shared arguments are missing there.
    """

    keys: Sequence[int]
    batches: Sequence[bytes]
    places: Sequence[Place]


class Program:
    """Loads the function of a job once in each worker, and runs its calls.

    Args:
        setup: The pickled function, initializer and its arguments.
        coroutine: The function is a coroutine function.
    """

    def __init__(self, setup: bytes, *, coroutine: bool = False) -> None:
        self._setup = setup
        self._coroutine = coroutine
        self._function: Callable[..., Any] | None = None
        self._problem: Message | None = None  # why it cannot be loaded
        self._loading = threading.Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), coroutine=self._coroutine), (self._setup,)

    def __call__(self, payload: bytes, *shared: bytes) -> bytes:
        """Run the calls of a chunk, and return them as an encoded message."""
        problem = self.load()
        if problem is not None:
            return encode(problem, pickles.dumps)
        assert self._function is not None
        keys, batches, places = pickle.loads(payload)
        try:
            calls = _unpickle_calls(batches, places, shared)
        except BaseException as error:  # noqa: BLE001  (the user's classes take part)
            return encode(cannot_unpickle(0, keys, error), pickles.dumps)
        done: list[Done] = []
        run_calls(self._function, keys, calls, time.thread_time, lambda part, _: done.extend(part))
        return encode(Message(0, done, finished=True), pickles.dumps)

    def load(self) -> Message | None:
        """Load the function and run the initializer, the first time; return a message if that has failed."""
        with self._loading:
            if self._function is None and self._problem is None:
                self._problem = self._load()
        return self._problem

    def _load(self) -> Message | None:
        try:
            function, initializer, initargs = pickle.loads(self._setup)
        except BaseException as error:  # noqa: BLE001  (whatever it is, the worker cannot work)
            return Message(None, broken=f"a worker could not load the function: {describe(error)}", cannot_load=True)
        try:
            if initializer is not None:
                initializer(*initargs)
        except BaseException as error:  # noqa: BLE001  (whatever it is, the worker cannot work)
            name = getattr(initializer, "__name__", "the initializer")
            return Message(None, broken=f"the initializer {name} raised {describe(error)}")
        self._function = partial(_await_call, function) if self._coroutine else function
        return None


def _await_call(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    async def call() -> Any:
        return await function(*args, **kwargs)

    return asyncio.run(call())


def _unpickle_calls(batches: Sequence[bytes], places: Sequence[Place], shared: Sequence[bytes]) -> list[Arguments]:
    calls = [call for batch in batches for call in pickle.loads(batch)]
    if places:
        objects = [pickle.loads(data) for data in shared]
        for call, argument, number in places:
            args, kwargs = calls[call]
            if isinstance(argument, str):
                calls[call] = args, {**kwargs, argument: objects[number]}
            else:
                calls[call] = (*args[:argument], objects[number], *args[argument + 1 :]), kwargs
    return calls
