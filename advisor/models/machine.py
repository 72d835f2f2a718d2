"""The host that a job is planned for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from advisor.input_limits import MAX_CORES, MAX_MEMORY
from advisor.models.cluster import Cluster
from advisor.models.profile import Python
from advisor.models.record import Record, Seconds

StartMethod = Literal["fork", "spawn", "forkserver"]
# Worker processes that are not forked start an interpreter first. Typical seconds, CPython 3.11 to 3.14 on Linux.
START_COSTS: dict[StartMethod, dict[str, float]] = {
    "fork": {},
    "forkserver": {"process_start": 0.08, "process_start_each": 0.02},
    "spawn": {"process_start": 0.08, "process_start_each": 0.04},
}  # fields of Machine


class Machine(Record):
    """The limits of a host and the costs of its pools; the defaults are typical, and `source` says what these are."""

    cores: int = Field(1, ge=1, le=MAX_CORES, description="usable: affinity and container quota respected")
    cores_measured: Annotated[int, Field(ge=1, le=MAX_CORES)] | None = Field(
        None, description="cores of the host that was measured, if `cores` plans for another number"
    )
    memory: Annotated[int, Field(ge=1, le=MAX_MEMORY)] | None = Field(None, description="bytes available to the job")
    platform: Annotated[str, Field(max_length=100)] = "linux"
    python: Python = Python()
    start_method: StartMethod = "fork"
    thread_start: Seconds = Field(60e-6, description="starting one thread of a pool")
    thread_task: Seconds = Field(15e-6, description="one task through a thread pool: GIL-holding seconds")
    gil_switch: Seconds = Field(20e-6, description="lost at each contended hand-over of the GIL")
    process_start: Seconds = Field(10e-3, description="starting and ending a process pool with one worker")
    process_start_each: Seconds = Field(2e-3, description="each further worker")
    process_task: Seconds = Field(60e-6, description="one task through a process pool: seconds of the parent")
    process_task_worker: Seconds = Field(30e-6, description="one task through a process pool: seconds of the worker")
    process_byte: Seconds = Field(0.5e-9, description="one byte through a process pool's pipe, either way")
    interpreter_start: Seconds = Field(45e-3, description="starting and ending a pool with one subinterpreter")
    interpreter_task: Seconds = Field(
        80e-6, description="one task through a pool of subinterpreters: GIL-holding seconds"
    )
    cold_wake: Seconds = Field(150e-6, description="CPU seconds lost to cold caches after each wait")
    core_scaling: float = Field(
        1.0, ge=1e-3, le=1, description="speed of a core while all are busy, 1 is that of one alone"
    )
    source: Literal["measured", "assumed"] = "assumed"
    cluster: Cluster | None = Field(None, description="that may do the job instead of this host")

    def started_by(self, method: StartMethod | None) -> Machine:
        """Return the machine with this start method of worker processes, at typical costs; None keeps its own."""
        if method is None or method == self.start_method:
            return self
        return self.model_copy(update={"start_method": method, **START_COSTS[method]})


POOL_COSTS = (
    "thread_start",
    "thread_task",
    "gil_switch",
    "process_start",
    "process_start_each",
    "process_task",
    "process_task_worker",
    "process_byte",
    "interpreter_start",
    "interpreter_task",
)  # the fields of Machine that are seconds
