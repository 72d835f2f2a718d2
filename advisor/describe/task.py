"""Turn rough figures about a call into a profile, marked as assumed.

A user who has not measured a call may still know that it takes about half a second, nearly all of it on the CPU.
`Task` takes such statements, each optional. `profile_of` completes them with the assumptions below and gives every
figure a wide standard error, so that the advice's intervals and confidence show how rough it is.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from advisor.input_limits import MAX_MEMORY, MAX_SECONDS
from advisor.models import Bytes, Job, Picklable, Profile, Reading, Text

ARCHETYPE = "task"

ASSUMED_SECONDS = 0.1  # of a call whose time is not stated: long enough for a pool, short enough to need many calls
ASSUMED_GIL_SHARE = 0.9  # of the CPU time, in Python code; the rest are C functions that release the GIL
ASSUMED_GIL_SHARE_NATIVE = (
    0.1  # the same, where a call keeps several cores busy: native code does that, without the GIL
)

MOSTLY_WAITS = 0.9 - 1e-9  # share of the time; threads gain about tenfold then, even if all the rest is Python
WAITING_CONFIDENCE = 0.7  # that such a call belongs in threads: its CPU time is more the kernel's than Python's

SECONDS_ERROR = 0.25  # relative standard error of a stated time
SECONDS_ERROR_ASSUMED = 0.5  # of an assumed time
SHARE_ERROR = 0.05  # standard error of a stated share of the call's time
GIL_ERROR_ASSUMED = 0.2  # of the GIL's share, relative to the CPU's, where it is assumed

Share = Annotated[float, Field(ge=0, le=1)]

QUESTIONS = (
    "Which share of a call's time is spent on a CPU, and which waiting (network, disk, another program)? "
    "Give cpu_share or wait_share.",
    "If it computes: in Python code, or in a C library that releases the GIL? Give gil_share.",
)


class Task(BaseModel):
    """Figures about a call that was not measured; shares are parts of its wall time."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False, extra="forbid")

    seconds_per_call: float | None = Field(None, ge=1e-9, le=MAX_SECONDS, description="wall seconds of one call")
    cpu_share: Share | None = Field(None, description="on a CPU in this process, whether in Python or in native code")
    gil_share: Share | None = Field(None, description="on a CPU in Python code, holding the GIL: a part of cpu_share")
    child_share: Share | None = Field(None, description="a child program computes and the call waits for it")
    wait_share: Share | None = Field(None, description="blocked on network, disk, locks, sleep")
    native_threads: float | None = Field(None, ge=0, le=1000, description="cores that one call keeps busy by itself")
    argument_bytes: Bytes | None = Field(None, description="pickled size of one call's arguments")
    result_bytes: Bytes | None = Field(None, description="pickled size of one call's result")
    picklable: bool | None = Field(None, description="function, arguments and results can be sent to another process")
    memory: int | None = Field(None, ge=0, le=MAX_MEMORY, description="bytes that one process needs at its peak")
    coroutine: bool = Field(False, description="the function is a coroutine function (async def)")
    shares_state: bool | None = Field(None, description="calls read and write common state")
    responsive: bool | None = Field(None, description="something else (a UI, a heartbeat) must go on meanwhile")
    target: Text | None = Field(None, description="its name, such as 'my_module:func'; only ever shown as text")

    @field_validator("gil_share")
    @classmethod
    def _gil_is_part_of_the_cpu(cls, share: float | None, info: ValidationInfo) -> float | None:
        cpu = info.data.get("cpu_share")
        if share is not None and cpu is not None and share > cpu + 1e-9:
            raise ValueError(f"gil_share is {share:g} but cpu_share is {cpu:g}: the GIL's share is a part of the CPU's")
        return share

    @field_validator("native_threads")
    @classmethod
    def _one_core_at_a_time_holds_the_gil(cls, cores: float | None, info: ValidationInfo) -> float | None:
        gil = info.data.get("gil_share")
        if cores is not None and gil is not None and gil > 1 - 1e-9 and cores > 1.5:
            raise ValueError(f"native_threads is {cores:g} but gil_share is 1: code that holds the GIL uses one core")
        return cores

    @field_validator("memory")
    @classmethod
    def _arguments_and_result_are_in_memory(cls, memory: int | None, info: ValidationInfo) -> int | None:
        for name in ("argument_bytes", "result_bytes"):
            needed = info.data.get(name)
            if memory is not None and needed is not None and needed > memory:
                raise ValueError(f"memory is {memory} bytes but {name} is {needed}: peak memory includes it")
        return memory

    @field_validator("child_share", "wait_share")
    @classmethod
    def _shares_fit_the_whole(cls, share: float | None, info: ValidationInfo) -> float | None:
        stated = _stated_shares({**info.data, str(info.field_name): share})
        if share is not None and sum(stated.values()) > 1 + 1e-9:
            parts = " + ".join(stated)
            raise ValueError(f"{parts} is {sum(stated.values()):g}: the shares of a call must not exceed 1 in total")
        return share


def profile_of(task: Task) -> Profile | None:
    """Return the profile for these figures, or None if they do not show where the time goes."""
    shares = _completed(task)
    if shares is None:
        return None
    cpu, gil, child, wait = shares
    wall = task.seconds_per_call or ASSUMED_SECONDS
    cores = max(1.0, task.native_threads or 1.0)
    return Profile(
        target=task.target,
        calls=1,
        wall=wall,
        gil_held=gil * wall,
        gil_free=(cpu - gil) * wall * cores,
        child_cpu=child * wall,
        wait=wait * wall,
        argument_bytes=task.argument_bytes,
        result_bytes=task.result_bytes,
        picklable=Picklable(function=task.picklable, arguments=task.picklable, results=task.picklable),
        peak_memory=task.memory,
        native_threads=task.native_threads,
        coroutine=task.coroutine,
        gil_source="estimated",
        archetype=ARCHETYPE,
        standard_error=_standard_errors(task, wall, cpu),
    )


def job_of(task: Task, calls: int | None = None) -> Job:
    """Return the job, with the task's statements about shared state and responsiveness."""
    job = Job(shares_state=task.shares_state, responsive=task.responsive)
    return job if calls is None else job.model_copy(update={"calls": calls})


def reading_of(task: Task, profile: Profile, job: Job) -> Reading | None:
    """Return the notebook's verdict, threads, for a call that does little but wait; None for other calls.

    The model would take the assumed GIL share of the small rest literally and advise dozens of processes. Where the
    GIL's share is stated, its answer stands.
    """
    waits = (profile.wait or 0.0) >= MOSTLY_WAITS * profile.wall
    if not waits or task.gil_share is not None or task.coroutine:
        return None
    return Reading(recommendation="threading", profile=profile, job=job, confidence=WAITING_CONFIDENCE)


def _stated_shares(stated: dict[str, float | None]) -> dict[str, float]:
    """Return the stated shares that exclude each other; the GIL's is part of the CPU's, and counts in its absence."""
    cpu = "cpu_share" if stated.get("cpu_share") is not None else "gil_share"
    names = (cpu, "child_share", "wait_share")
    return {name: share for name in names if (share := stated.get(name)) is not None}


def _completed(task: Task) -> tuple[float, float, float, float] | None:
    """Return shares (CPU, GIL, child, wait) that add up to 1, or None if the figures do not determine them.

    What is not stated counts as computing if the waiting is known, else as waiting. A coroutine function of which
    nothing else is known waits.
    """
    child = task.child_share or 0.0
    if task.cpu_share is not None:
        cpu = task.cpu_share
    elif task.wait_share is not None:
        cpu = 1.0 - child - task.wait_share
    elif task.gil_share is not None:
        cpu = task.gil_share
    elif task.child_share is not None or task.coroutine:
        cpu = 0.0
    else:
        return None
    wait = task.wait_share if task.wait_share is not None else 1.0 - child - cpu
    cpu, wait = max(cpu, 0.0), max(wait, 0.0)
    whole = cpu + child + wait
    if whole == 0:
        return None
    gil = min(task.gil_share, cpu) if task.gil_share is not None else cpu * _assumed_gil_share(task)
    return cpu / whole, gil / whole, child / whole, wait / whole


def _assumed_gil_share(task: Task) -> float:
    several_cores = task.native_threads is not None and task.native_threads > 1.5
    return ASSUMED_GIL_SHARE_NATIVE if several_cores else ASSUMED_GIL_SHARE


def _standard_errors(task: Task, wall: float, cpu: float) -> dict[str, float]:
    """Return the standard errors of the assumed figures, in seconds."""
    gil = SHARE_ERROR if task.gil_share is not None else max(SHARE_ERROR, GIL_ERROR_ASSUMED * cpu)
    return {
        "wall": wall * (SECONDS_ERROR if task.seconds_per_call is not None else SECONDS_ERROR_ASSUMED),
        "gil_held": wall * gil,
        "gil_free": wall * gil,
        "child_cpu": wall * SHARE_ERROR if task.child_share is not None else 0.0,
        "wait": wall * SHARE_ERROR,
    }
