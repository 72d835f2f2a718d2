"""A run: the iterator over the results of a job."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

from advisor.jobs.engine import Engine

if TYPE_CHECKING:
    from advisor.jobs.async_inputs import AsyncInputs
    from advisor.models import Advice, RunReport

T = TypeVar("T")


class Run(chain[T]):
    """The results of a job, like those of `Executor.map`.

    Calls are made while the results are read. Leaving the `with` block, or `close()`, ends the workers; so does the
    end of the results. A run must be read by one thread at a time.
    """

    # A chain of lists costs the reader as little as a list does.

    _engine: Engine
    _batches: Iterator[list[T]]

    @classmethod
    def _of(cls, engine: Engine) -> Run[T]:
        batches = engine.batches()
        run: Run[T] = cls.from_iterable(batches)  # type: ignore[assignment]
        run._engine = engine
        run._batches = batches
        return run

    @property
    def advice(self) -> Advice | None:
        """The advice in force; None while nothing is decided, as in a job that is too small for anything to gain."""
        return self._engine.advice

    @property
    def report(self) -> RunReport:
        """The record of what the run has done so far."""
        return self._engine.outcomes.tally.report()

    def unread(self) -> list[tuple[int, T]]:
        """Return the results that have finished and were not read, with the indices of their inputs.

        After an interruption these are results that wait for one before them.
        """
        return self._engine.unread()

    def close(self) -> None:
        """End the workers. Results that have finished can still be had by `unread`."""
        self._batches.close()  # type: ignore[attr-defined]  # it is a generator
        self._engine.close()

    def __enter__(self) -> Run[T]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<advisor.Run: {self._engine.outcomes.tally.finished} calls so far>"


class AsyncRun(AsyncIterator[T]):
    """The results of a job, as an async iterator and context manager.

    Calls of a coroutine function run on the event loop of the reader; others, and the decisions, elsewhere.
    """

    def __init__(self, engine: Engine, inputs: Sequence[AsyncInputs] = ()) -> None:
        self._engine = engine
        self._inputs = inputs  # those that the event loop of the reader produces
        self._batches = engine.batches()
        self._thread = ThreadPoolExecutor(1, "advisor-amap")
        self._ready: list[Any] = []  # in reverse
        self._closed = False

    @property
    def advice(self) -> Advice | None:
        """The advice in force; None while nothing is decided."""
        return self._engine.advice

    @property
    def report(self) -> RunReport:
        """The record of what the run has done so far."""
        return self._engine.outcomes.tally.report()

    def unread(self) -> list[tuple[int, T]]:
        """Return the results that have finished and were not read, with the indices of their inputs."""
        return self._engine.unread()

    async def __anext__(self) -> T:
        import asyncio

        while not self._ready:
            if self._closed:
                raise StopAsyncIteration
            try:
                batch = await asyncio.get_running_loop().run_in_executor(self._thread, next, self._batches, None)
            except BaseException:
                await self.aclose()
                raise
            if batch is None:
                await self.aclose()
            else:
                self._ready = batch[::-1]
        return self._ready.pop()  # type: ignore[no-any-return]

    async def aclose(self) -> None:
        """End the workers."""
        import asyncio

        if self._closed:
            return
        self._closed = True
        self._engine.stop()
        for inputs in self._inputs:
            inputs.cancel()
        loop = asyncio.get_running_loop()
        await asyncio.shield(loop.run_in_executor(self._thread, self._close_engine))
        self._thread.shutdown(wait=False)
        for inputs in self._inputs:
            await inputs.aclose()

    def __del__(self) -> None:
        """End the workers of a run that was left without `aclose`, without waiting for them."""
        if not self._closed:
            self._closed = True
            self._engine.stop()
            with contextlib.suppress(RuntimeError):  # the interpreter is ending
                self._thread.submit(self._batches.close)
            self._thread.shutdown(wait=False)

    def _close_engine(self) -> None:
        self._batches.close()
        self._engine.close()

    async def __aenter__(self) -> AsyncRun[T]:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
