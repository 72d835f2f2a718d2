"""The state that the parts of a run share: the job, the caller's choices, and what is still to be done."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from advisor.errors import NoClusterError
from advisor.jobs.dispatcher import PendingCall
from advisor.jobs.inputs import Inputs
from advisor.jobs.outcomes import Outcomes
from advisor.jobs.reader import Reader

if TYPE_CHECKING:
    import asyncio

    from advisor.clusters.engine import Engine as ClusterEngine
    from advisor.clusters.shipping import Prepared
    from advisor.jobs.pools.event_loop import LoopThread
    from advisor.models import Cluster, Strategy

_logger = logging.getLogger(__name__)
UNKNOWN_CALLS = 1_000  # left at least, in a job of unknown length that was worth measuring


@dataclass(frozen=True)
class Settings:
    """The caller's choices.

    Attributes:
        call_timeout: Seconds after which a call is ended.
        budget: Seconds for measuring at most; None for the default.
        strategy: To use from the beginning, without measuring.
        workers: At most so many; with a strategy, exactly so many.
        initializer: Run by each worker, and by this process, before the first call.
        initargs: Its arguments.
        loop: Of the caller, on which coroutine functions run.
        cluster: That may do the job, as `advisor.clusters.connect` takes it; None for this host alone.
    """

    call_timeout: float | None = None
    budget: float | None = None
    strategy: Strategy | None = None
    workers: int | None = None
    initializer: Callable[..., object] | None = None
    initargs: tuple[Any, ...] = ()
    loop: asyncio.AbstractEventLoop | None = None
    cluster: Any = None


class RunState:
    """The state of a run.

    Attributes:
        pending: Calls that an earlier stage has left, to make before anything else.
        coroutine: Results are awaited.
        cluster: The connection to the cluster that was given.
        shipping: What its workers need for the function.
        cluster_costs: What was measured of it.
        is_stopping: The run is to end soon.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        name: str,
        inputs: Inputs,
        outcomes: Outcomes,
        settings: Settings,
        reader: Reader,
    ) -> None:
        from advisor.measure import deferred_results

        self.function = function
        self.name = name
        self.inputs = inputs
        self.outcomes = outcomes
        self.settings = settings
        self.reader = reader
        self.coroutine = deferred_results.is_coroutine_function(function)
        self.pending: list[PendingCall] = []
        self.is_stopping = False
        self.waits_for_lock = False  # calls in threads were seen to wait for a lock of this process
        self.cluster: ClusterEngine | None = None
        self.shipping: Prepared | None = None
        self.cluster_costs: Cluster | None = None
        self._loop: LoopThread | None = None

    @property
    def is_done(self) -> bool:
        """True if there are no calls left, or none should be made because one has failed."""
        waiting = len(self.pending) + len(self.outcomes.retries)
        return self.is_stopping or self.outcomes.has_failed or (self.inputs.is_exhausted and not waiting)

    @property
    def rest_calls(self) -> int:
        """The number of calls that are left, at least one; a guess if it is not known."""
        remaining = self.inputs.remaining
        if remaining is None:
            return max(UNKNOWN_CALLS, self.outcomes.tally.finished)
        return max(1, remaining + len(self.pending))

    def connect(self) -> None:
        """Connect to the cluster if there is one, and see that its workers can load the function.

        Where "auto" finds none, the job is done on this host, unless the strategy is the cluster.

        Raises:
            UsageError: The cluster cannot be used.
        """
        if self.settings.cluster is not None:
            from advisor.clusters.connect import connect
            from advisor.clusters.shipping import prepare

            try:
                self.cluster = connect(self.settings.cluster)
            except NoClusterError as error:
                if self.settings.strategy == "cluster":
                    raise
                _logger.info("%s: the job is done on this host", error)
                return
            self.shipping = prepare(self.cluster, self.function)
            self.shipping.check([worker.id for worker in self.cluster.workers()])
            for warning in self.shipping.warnings:
                _logger.warning("%s", warning)

    def measured_cluster(self) -> Cluster:
        """Return the costs of the cluster, measured within a second unless that was done some minutes ago."""
        from advisor.clusters.measure import measure_engine

        assert self.cluster is not None
        self.cluster_costs = measure_engine(self.cluster, module=getattr(self.function, "__module__", None))
        return self.cluster_costs

    @property
    def cluster_threads(self) -> int:
        """The number of threads of the cluster that may be used now, at least one."""
        found = 0 if self.cluster is None else sum(worker.threads for worker in self.cluster.workers())
        return max(1, min(found, self.settings.workers or found))

    def open_loop(self) -> LoopThread:
        """Return the event loop of the run, which is opened when it is first needed."""
        if self._loop is None:
            from advisor.jobs.pools.event_loop import LoopThread

            self._loop = LoopThread(self.settings.loop)
        return self._loop

    def stop(self) -> None:
        """End the run soon, from another thread."""
        self.is_stopping = True
        if self._loop is not None:
            self._loop.interrupt()

    def close(self) -> None:
        """Close the event loop, the connection to the cluster and the checkpoint."""
        if self._loop is not None:
            self._loop.close()
        if self.cluster is not None:
            self.cluster.close()
            self.cluster = self.shipping = None
        if self.outcomes.checkpoint is not None:
            self.outcomes.checkpoint.close()
