"""The profile of a call: where its time goes, and what it does besides."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from advisor.input_limits import MAX_CALLS, MAX_MEMORY
from advisor.models.record import Bytes, Record, Seconds, Text
from advisor.models.touch import Touch

GilSource = Literal["observed", "sampled", "estimated"]
Reached = Literal["name", "object", "notebook", "program"]
PicklePart = Literal["function", "arguments", "results"]
PICKLE_PARTS: tuple[PicklePart, ...] = ("function", "arguments", "results")


class Python(Record):
    """The interpreter that a profile was taken on, or that a job is planned for."""

    version: Annotated[str, Field(max_length=100)] = ""
    implementation: Annotated[str, Field(max_length=100)] = "CPython"
    free_threaded: bool = False


class Picklable(Record):
    """Picklability of the function, its arguments and its results, as a process pool needs it; None if not tried."""

    function: bool | None = None
    arguments: bool | None = None
    results: bool | None = None
    reasons: dict[str, Text] = Field(default_factory=dict, description="why not: 'function', 'arguments', 'results'")


class SideEffects(Record):
    """Observed effects of the calls other than their results."""

    globals_written: tuple[Text, ...] = Field((), description="module globals that changed while the calls ran")
    caches: tuple[Text, ...] = Field(
        (), description="those of them that only keep what calls can compute again, such as a dictionary of results"
    )
    changed: tuple[Text, ...] = Field(
        (), description="arguments and shared objects that a call changed, such as 'argument row' or 'self.total'"
    )
    wrote: tuple[Text, ...] = Field((), description="files that the calls made for measuring wrote and left behind")
    connected: tuple[Text, ...] = Field((), description="addresses that the calls connected to")
    threads_left: tuple[Text, ...] = Field((), description="names of threads still alive after the calls")
    children_left: int = Field(0, ge=0, le=10**9, description="child processes still alive after the calls")
    output_bytes: int = Field(0, ge=0, le=MAX_MEMORY, description="bytes written to standard output and error")
    random_shared: bool = Field(False, description="drew from the global random generator, which forks copy")


class FailedInputs(Record):
    """Inputs whose calls raised an exception while the others succeeded."""

    count: int = Field(ge=1, le=MAX_CALLS)
    of: int = Field(ge=1, le=MAX_CALLS, description="inputs that were tried")
    index: int = Field(ge=0, le=MAX_CALLS, description="of the first of them among all inputs, from 0")
    where: Text = Field("", description="where the first of them is, such as 'line 3 of pages.jsonl'")
    exception: Text = Field(description="type and first line of what the first of them raised")
    picklable: bool = Field(
        True, description="the exceptions survive pickling and unpickling; otherwise they would break a process pool"
    )
    reason: Text = Field("", description="why they do not")


class InterpreterCheck(Record):
    """The result of trying the target in a subinterpreter."""

    called: bool = Field(False, description="a call was made there too; otherwise the target was only imported")
    failure: Text | None = Field(None, description="why calls cannot run there; None if nothing failed")


class HeldResource(Record):
    """A lock or the like that a call holds for a part of its time; at most `places` calls hold it at once."""

    name: Text = Field(description="such as 'shop.scale_lock' or '/srv/stock.json'")
    kind: Literal["lock", "semaphore", "pool", "file lock"]
    places: int = Field(1, ge=1, le=10**6)
    seconds: Seconds = Field(description="for which a call holds it")
    everywhere: bool = Field(False, description="one for all processes of the host, not one for each")


class Profile(Record):
    """Parts of a call's time: means in seconds per call, without the first call if there are more.

    `gil_held + gil_free + child_cpu + wait` is `wall` for a call that uses one core at a time; a call with native
    threads of its own, or several children at once, has more CPU seconds than wall seconds.
    """

    target: Text | None = Field(None, description="what was measured, such as 'my_module:func'")
    calls: int = Field(ge=1, le=MAX_CALLS, description="calls measured")
    wall: float = Field(gt=0, le=1e9, description="seconds per call")
    gil_held: Seconds | None = Field(None, description="on a CPU, holding the GIL")
    gil_free: Seconds | None = Field(None, description="on a CPU in native code, the GIL released")
    child_cpu: Seconds | None = Field(None, description="CPU of child processes that the call waited for")
    wait: Seconds | None = Field(None, description="neither: blocked on network, disk, locks, sleep")
    gil_blocked: Seconds | None = Field(None, description="the part of `wait` spent blocked with the GIL held")
    loop_blocked: Seconds | None = Field(
        None,
        description="the part of `wait` and `child_cpu` for which a coroutine blocks its event loop's thread instead "
        "of awaiting",
    )
    blocking_line: Text | None = Field(
        None, description="where it blocks, if found, such as 'crawl.py:12: time.sleep(1)'"
    )
    gil_releases: Annotated[float, Field(ge=0, le=1e18)] | None = Field(None, description="GIL releases per call")
    run_queue: Seconds | None = Field(
        None, description="ready but without a core, on a busy host; in none of the above"
    )
    preempted: Seconds | None = Field(
        None,
        description="the part of `run_queue` after losing the core while computing; the rest follows waits",
    )
    argument_bytes: Bytes | None = Field(None, description="pickled size of one call's arguments")
    result_bytes: Bytes | None = Field(None, description="pickled size of one call's result")
    function_bytes: Bytes | None = Field(
        None, description="pickled size of the function, self of a bound method included"
    )
    pickle_seconds: Seconds | None = Field(
        None, description="to pickle and unpickle one call's function, arguments, result"
    )
    further_argument_bytes: Bytes | None = Field(
        None, description="of each further call sent in the same task: objects that calls share are sent once"
    )
    further_result_bytes: Bytes | None = Field(None, description="the same of results")
    further_pickle_seconds: Seconds | None = Field(
        None, description="to pickle and unpickle the arguments and the result of each further call in the same task"
    )
    result_pieces: Annotated[float, Field(ge=0, le=1e12)] | None = Field(
        None, description="pieces of native memory that one call's result gives back when it is dropped"
    )
    picklable: Picklable = Picklable()
    peak_memory: Annotated[int, Field(ge=0, le=MAX_MEMORY)] | None = Field(
        None, description="bytes resident at the peak"
    )
    idle_memory: Annotated[int, Field(ge=0, le=MAX_MEMORY)] | None = Field(
        None, description="bytes resident before the calls"
    )
    native_threads: Annotated[float, Field(ge=0, le=1e5)] | None = Field(
        None, description="cores kept busy by one call"
    )
    switches: Annotated[float, Field(ge=0, le=1e18)] | None = Field(
        None, description="voluntary context switches per call"
    )
    python: Python = Python()
    standard_error: dict[str, Seconds] = Field(default_factory=dict, description="of each field that was sampled")
    gil_source: GilSource | None = Field(None, description="how gil_held was found")
    coroutine: bool = Field(False, description="the target is a coroutine function")
    reached: Reached | None = Field(
        None,
        description="how generated code can refer to the target: by its name, on an object that its class makes "
        "without arguments, in the same notebook, or not at all, since it exists in the running program only",
    )
    modules: tuple[Text, ...] = Field((), description="modules that the function's code names, directly or by others")
    import_seconds: Seconds | None = Field(None, description="importing the target's module in a fresh interpreter")
    first_call: Seconds | None = Field(None, description="wall seconds of the very first call")
    repeated_call: Seconds | None = Field(
        None,
        description="wall seconds of a call with an input that was given before, where that is clearly cheaper than "
        "the first time; no other field counts such calls",
    )
    spread: Annotated[float, Field(ge=0, le=1e6)] | None = Field(
        None, description="coefficient of variation of call lengths"
    )
    side_effects: SideEffects | None = None
    held: tuple[HeldResource, ...] = Field((), description="locks, semaphores and pools that a call holds")
    touches: tuple[Touch, ...] = Field((), description="objects and state that the calls share")
    interpreters: InterpreterCheck | None = Field(
        None, description="the target in a subinterpreter; None if that was not tried"
    )
    failed_inputs: FailedInputs | None = Field(None, description="inputs that raised; None if all worked")
    archetype: Text | None = Field(None, description="set if the figures are assumed from a description")

    @model_validator(mode="after")
    def _parts_fit_the_whole(self) -> Profile:
        alone = (self.gil_held or 0.0) + (self.wait or 0.0)
        if alone > self.wall * 1.1 + 1e-6:
            raise ValueError(
                f"gil_held + wait is {alone:g} s but wall is {self.wall:g} s: one call cannot hold the GIL and wait "
                "for longer than it takes"
            )
        return self

    @property
    def is_only_first_call(self) -> bool:
        """Return True if only the first call was measured, which may load, connect or compile what later calls use."""
        return self.calls == 1 and self.first_call == self.wall

    @property
    def is_called_by_name(self) -> bool:
        """Return True if the target cannot be pickled, but workers can look it up by its name."""
        return self.picklable.function is False and self.reached in ("name", "object")

    @property
    def unpicklable_parts(self) -> tuple[PicklePart, ...]:
        """The parts of a call that cannot be pickled, except for a function that workers can look up by its name."""
        parts = PICKLE_PARTS[1:] if self.is_called_by_name else PICKLE_PARTS
        return tuple(part for part in parts if getattr(self.picklable, part) is False)

    @property
    def cpu(self) -> float:
        """CPU seconds per call, of the process and its children; unknown parts count as none."""
        return (self.gil_held or 0.0) + (self.gil_free or 0.0) + (self.child_cpu or 0.0)
