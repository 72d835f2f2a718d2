"""A cluster: what it has, what it costs to use, and how its workers should be laid out."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from advisor.input_limits import MAX_CORES, MAX_MEMORY
from advisor.models.record import JobSeconds, Record, Seconds

EngineName = Literal["dask", "ray"]
MAX_CLUSTER_WORKERS = 100_000
MAX_THREADS_EACH = 10_000
ByteSeconds = Annotated[float, Field(ge=0, le=1e-3)]


class Cluster(Record):
    """The workers of a cluster, and the measured costs of sending them calls."""

    engine: EngineName
    address: Annotated[str, Field(max_length=300)] = ""
    workers: int = Field(1, ge=1, le=MAX_CLUSTER_WORKERS, description="worker processes")
    threads_each: int = Field(1, ge=1, le=MAX_THREADS_EACH, description="calls that a worker process runs at once")
    hosts: int = Field(1, ge=1, le=MAX_CLUSTER_WORKERS, description="computers that the workers are on")
    cores: int = Field(1, ge=1, le=MAX_CORES, description="usable by the workers, on all hosts together")
    on_this_host: bool = Field(False, description="all workers share the cores of the client's host")
    memory: Annotated[int, Field(ge=1, le=MAX_MEMORY)] | None = Field(
        None, description="bytes that one worker process may use"
    )
    task_seconds: Seconds = Field(1e-3, description="one task: seconds of the client and the scheduler, in series")
    round_trip: Seconds = Field(10e-3, description="one empty task alone, from sending it to having its result")
    byte_seconds: ByteSeconds = Field(10e-9, description="one byte of arguments, from the client to a worker")
    return_byte_seconds: ByteSeconds = Field(10e-9, description="one byte of results, from a worker to the client")
    start_seconds: Seconds = Field(
        0.0, description="connecting before a job, and disconnecting after it; with Ray, its actors start and end"
    )
    import_seconds: Seconds = Field(0.0, description="loading the function on a worker for the first time")
    speed: float = Field(
        1.0, ge=1e-3, le=1e3, description="a worker's core relative to the host where the profile was measured"
    )
    python: Annotated[str, Field(max_length=100)] = Field("", description="the workers' version of Python")
    source: Literal["measured", "assumed"] = "assumed"


CLUSTER_COSTS = (
    "task_seconds",
    "round_trip",
    "byte_seconds",
    "return_byte_seconds",
    "start_seconds",
    "import_seconds",
)  # the fields of Cluster that are seconds


class LayoutTime(Record):
    """The predicted seconds of a job on one host with so many worker processes and threads."""

    processes: int = Field(ge=1)
    threads_each: int = Field(ge=1)
    seconds: JobSeconds


class RaySettings(Record):
    """The options of a Ray actor that runs the calls."""

    num_cpus: float = Field(gt=0, description="cores that an actor reserves")
    max_concurrency: int = Field(ge=1, description="threads of an actor")


class ClusterLayout(Record):
    """Worker processes and threads for each host of a cluster that is still to be started."""

    processes: int = Field(ge=1)
    threads_each: int = Field(ge=1)
    seconds: JobSeconds = Field(description="predicted for the job on one such host")
    reason: str
    command: str = Field(description="starts the workers of a host for Dask")
    ray: RaySettings
    dask_default: LayoutTime = Field(description="what `dask worker --nworkers auto` starts, about √cores processes")
