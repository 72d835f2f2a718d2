"""The joblib backend "advisor": measure the first batches, then use the one of joblib's own backends that suits them.

joblib's backends "loky" and "threading" run the calls in the end, so that everything they offer works as usual: large
arrays are mapped into memory, workers are used again, functions travel by value, inner thread pools are limited.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from joblib.parallel import FallbackToBackend, LokyBackend, SequentialBackend, ThreadingBackend

from advisor.jobs.joblib_batches import Outcome, Workers
from advisor.jobs.joblib_run import JoblibRun, UnavailableError

if TYPE_CHECKING:
    from advisor.models import Advice, RunReport, Strategy


_LOKY_IDLE = 300.0  # seconds after which joblib ends worker processes without work


class AdvisorBackend(LokyBackend):  # type: ignore[misc]  # joblib has no types
    """Runs batches one after the other at first, then as measured: so on, in threads or in processes.

    It is a LokyBackend because joblib gives each Parallel object its own folder of memory maps only for those.
    """

    default_n_jobs = -1
    supports_sharedmem = True  # then only threads are considered
    MIN_IDEAL_BATCH_DURATION = 0.05  # seconds; the first batches are measured, and should not take long
    MAX_IDEAL_BATCH_DURATION = 0.5

    _used_loky: ClassVar[
        float
    ] = -math.inf  # when the worker processes, which all Parallel objects share, were used last

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.parallel: Any = None
        self._n_jobs = 1
        self._options: dict[str, Any] = {}
        self._excluded: frozenset[Strategy] = frozenset()
        self._run: JoblibRun | None = None
        self._open: dict[Strategy, Workers] = {}

    @property
    def advice(self) -> Advice | None:
        """The advice that the latest call of Parallel followed; None if it was too short for one."""
        return None if self._run is None else self._run.advice

    @property
    def report(self) -> RunReport | None:
        """The record of what the latest call of Parallel has done so far; None before the first one."""
        return None if self._run is None else self._run.tally.report()

    def effective_n_jobs(self, n_jobs: int | None) -> int:
        """Return the largest number of workers: one for calls within calls, which have their cores already."""
        if self.nesting_level and n_jobs != 0:
            return 1
        workers: int = super().effective_n_jobs(n_jobs)
        return workers

    def configure(
        self,
        n_jobs: int = 1,
        parallel: Any = None,
        prefer: str | None = None,
        require: str | None = None,
        **options: Any,
    ) -> int:
        """Prepare for calls of a Parallel object, and return the largest number of workers."""
        self.parallel = parallel
        self._n_jobs = self.effective_n_jobs(n_jobs)
        if self._n_jobs == 1:
            raise FallbackToBackend(SequentialBackend(nesting_level=self.nesting_level))
        self._options = options
        if (self.backend_kwargs | options).get("initializer") is not None and require != "sharedmem":
            limits = {"inner_max_num_threads": self.inner_max_num_threads, **self.backend_kwargs}
            raise FallbackToBackend(LokyBackend(nesting_level=self.nesting_level, **limits))
        threads_only = require == "sharedmem" or prefer == "threads"
        self._excluded = frozenset(["multiprocessing"] if threads_only else [])
        return self._n_jobs

    def start_call(self) -> None:
        """Begin a call of Parallel."""
        is_warm = time.monotonic() - AdvisorBackend._used_loky < _LOKY_IDLE
        self._run = JoblibRun(self.parallel, self._n_jobs, self._excluded, is_warm, self._workers_for)

    def submit(self, func: Any, callback: Callable[[Outcome], object]) -> None:
        """Queue a batch, or send it to the workers; the callback gets its outcome."""
        assert self._run is not None
        self._run.submit(func, callback)

    @contextlib.contextmanager
    def retrieval_context(self) -> Iterator[None]:
        """Make the first calls, in the thread that waits for the results."""
        assert self._run is not None
        self._run.make_first_calls()
        yield

    def retrieve_result_callback(self, out: Outcome) -> Any:
        """Return the results of a batch, or raise what one of its calls raised."""
        return out.results()

    def stop_call(self) -> None:
        """End a call of Parallel."""
        if self._run is not None:
            self._run.stop()
        self.reset_batch_stats()

    def abort_everything(self, ensure_ready: bool = True) -> None:
        """Drop all calls that have not ended; the next call of Parallel opens workers anew."""
        if self._run is not None:
            self._run.stop()
        if "multiprocessing" in self._open:
            AdvisorBackend._used_loky = -math.inf
        while self._open:
            self._open.popitem()[1].abort()

    def terminate(self) -> None:
        """Release the workers."""
        if "multiprocessing" in self._open:
            AdvisorBackend._used_loky = time.monotonic()
        while self._open:
            self._open.popitem()[1].release()
        self.reset_batch_stats()

    def _workers_for(self, strategy: Strategy, workers: int) -> Workers:
        """Return workers, ready for use; raise UnavailableError if there are none of that kind here."""
        if strategy not in self._open:
            try:
                self._open[strategy] = (
                    self._open_threads(workers) if strategy == "threading" else self._open_loky(workers)
                )
            except FallbackToBackend:
                raise UnavailableError(f"joblib cannot use {strategy} here") from None
        return self._open[strategy]

    def _open_threads(self, workers: int) -> Workers:
        threads = ThreadingBackend(nesting_level=self.nesting_level)
        threads.configure(n_jobs=workers, parallel=self.parallel)
        return Workers(threads.submit, threads.retrieve_result_callback, threads.terminate, threads.terminate)

    def _open_loky(self, workers: int) -> Workers:
        loky: Any = super()
        loky.configure(n_jobs=workers, parallel=self.parallel, **self._options)
        return Workers(
            loky.submit,
            loky.retrieve_result_callback,
            loky.terminate,
            lambda: loky.abort_everything(ensure_ready=False),
        )
