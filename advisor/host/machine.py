"""What this host allows and what its pools cost → Machine, measured and kept in the user's cache folder.

The measuring happens in a fresh interpreter (`probes.py`), for a pool can't be started safely from every process: this
one may have threads, be an interactive session, or a script without a `__main__` guard. Whatever goes wrong there or
with the cache, the answer is a Machine: costs that were not measured are the assumed ones.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from advisor.host import platform
from advisor.models import POOL_COSTS, Machine, Profile, StartMethod

if TYPE_CHECKING:
    import subprocess

CACHE_FORMAT = 4  # raise it when a probe's meaning changes
FRESH_SECONDS = 14 * 24 * 3600.0
# A host may have had a bad minute: its cores were once seen at 0.6 of their speed. So it is measured again, though not
# at once, until there are enough for a median to be trusted.
ENOUGH = 3
AGAIN_SECONDS = 3600.0
# Of their speed, what cores that are all busy for as long as a job takes are left by whatever else runs on the host,
# which the probes' bursts of 10 ms seldom meet. 62 jobs that compute on two cores lost 2 % at the median in a quiet
# hour, 6 % in a restless one.
UNDISTURBED = 0.96

# A worker that does not come from a fork starts an interpreter first. Typical figures, CPython 3.11 to 3.14 on Linux.
_ASSUMED_STARTS: dict[StartMethod, dict[str, float]] = {
    "fork": {},
    "forkserver": {"process_start": 0.08, "process_start_each": 0.02},
    "spawn": {"process_start": 0.08, "process_start_each": 0.04},
}
_MEASURED = (*POOL_COSTS, "cold_wake", "core_scaling")
_INTERPRETERS_SINCE = (3, 14)
_START_UP = 0.15  # seconds kept back for the child's interpreter to start and end
_measured_here: dict[str, Machine] = {}  # so that without a writable cache, measuring happens once a process


class Measurement(BaseModel):
    """The costs that one run of the probes found."""

    taken: Annotated[float, Field(ge=0, le=1e11, description="seconds since the epoch")]
    costs: dict[str, Annotated[float, Field(ge=0, le=1e9)]]


class CacheEntry(BaseModel):
    """What is in a cache file."""

    key: str
    measurements: tuple[Measurement, ...] = Field(max_length=100)


def limits() -> Machine:
    """This host's cores and memory with assumed costs; measures nothing."""
    method = platform.start_method()
    return Machine(
        cores=platform.usable_cores(),
        memory=platform.available_memory(),
        platform=sys.platform,
        python=platform.python(),
        start_method=method,
        core_scaling=UNDISTURBED,
        source="assumed",
        **_ASSUMED_STARTS[method],
    )


def this_machine(*, seconds: float = 1.2) -> Machine:
    """This host's limits and the measured cost of its pools: the medians of what is in the cache and fresh.

    Measuring takes at most `seconds`; what they do not suffice for keeps its assumed cost.
    `source` says 'assumed' where that is so of everything.
    """
    host = limits()
    key = cache_key(host)
    known = _measured_here.get(key)
    if known is None:
        measurements = _cached(key)
        if _wanting(measurements) and (costs := _measured_costs(host, seconds)):
            measurements = (*measurements[1 - ENOUGH :], Measurement(taken=time.time(), costs=costs))
            _keep(CacheEntry(key=key, measurements=measurements))
        if not measurements:
            return host
        known = host.model_copy(update={**_medians(measurements), "source": "measured"})
        _measured_here[key] = known
    return known.model_copy(update={"memory": host.memory})


def _wanting(measurements: Sequence[Measurement]) -> bool:
    """Whether another measurement is worth its time: the latest is not from just now, and there are not enough."""
    if measurements and time.time() - measurements[-1].taken < AGAIN_SECONDS:
        return False
    complete = [one for one in measurements if one.costs.keys() >= _measurable()]
    return len(complete) < ENOUGH


def _medians(measurements: Sequence[Measurement]) -> dict[str, float]:
    """Of each cost that was found, as a job meets it."""
    from statistics import median

    names = dict.fromkeys(name for one in measurements for name in one.costs)
    found = {name: median(one.costs[name] for one in measurements if name in one.costs) for name in names}
    if "core_scaling" in found:
        found["core_scaling"] *= UNDISTURBED
    return _valid(found)


def _measurable() -> set[str]:
    """The costs that this interpreter's pools have."""
    if sys.version_info >= _INTERPRETERS_SINCE:
        return set(_MEASURED)
    return {name for name in _MEASURED if not name.startswith("interpreter_")}


def with_cores(host: Machine, cores: int | None) -> Machine:
    """The host with another number of cores, and all else as it is; None leaves it alone."""
    if cores is None or cores == host.cores:
        return host
    return host.model_copy(update={"cores": cores, "cores_measured": host.cores_measured or host.cores})


def as_measured(host: Machine, profile: Profile) -> Machine:
    """The host with a GIL where the target turned that of a free-threaded build on again, as an old extension does.

    What a hand-over costs could not be measured without one, so that is the usual figure.
    """
    if profile.python.free_threaded or not host.python.free_threaded:
        return host
    usual = Machine.model_fields["gil_switch"].default
    return host.model_copy(update={"python": profile.python, "gil_switch": usual})


def cache_key(host: Machine) -> str:
    """What the costs depend on, legible: host, interpreter and its kind, cores, start method."""
    node = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
    kind = "nogil" if host.python.free_threaded else "debug" if hasattr(sys, "gettotalrefcount") else "release"
    interpreter = f"{host.python.implementation}-{host.python.version}-{kind}"
    return f"{node}-{interpreter}-{host.cores}-{host.start_method}-v{CACHE_FORMAT}"


def cache_path(key: str) -> Path:
    """The file that keeps this host's costs."""
    import platformdirs

    name = "".join(character if character.isascii() and character.isalnum() else "-" for character in key)
    return platformdirs.user_cache_path("advisor") / f"machine-{name[-150:]}.json"


def _cached(key: str) -> tuple[Measurement, ...]:
    """What the cache file holds that is fresh, the latest last."""
    try:
        entry = CacheEntry.model_validate_json(cache_path(key).read_bytes())
    except (OSError, RuntimeError, ValidationError):  # RuntimeError: no home folder to be found
        return ()
    # A clock that was set back leaves measurements from the future: those have no known age.
    now = time.time()
    fresh = (one for one in entry.measurements if 0 <= now - one.taken <= FRESH_SECONDS)
    return tuple(sorted(fresh, key=lambda one: one.taken)) if entry.key == key else ()


def _keep(entry: CacheEntry) -> None:
    """Write the cache file all at once; a read-only home or a full disk only means to measure again next time."""
    from advisor.report.atomic_write import atomic_write

    with contextlib.suppress(OSError, RuntimeError):
        path = cache_path(entry.key)
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as file:
            file.write_text(entry.model_dump_json(), encoding="utf-8")


def _measured_costs(host: Machine, seconds: float) -> dict[str, float]:
    """Fields of Machine as the probes found them; those not found in time are missing."""
    if not sys.executable or getattr(sys, "frozen", False) or seconds <= _START_UP:
        return {}  # embedded, or an application that would start itself again: there is no interpreter to ask
    request = {"cores": host.cores, "start_method": host.start_method, "seconds": seconds - _START_UP}
    lines = _output_of([*_interpreter(), "-c", _bootstrap(), json.dumps(request)], seconds).splitlines(keepends=True)
    for line in reversed(lines):
        with contextlib.suppress(ValueError):  # cut off in the middle, or no JSON at all
            return _valid(json.loads(line))
    return {}


def _interpreter() -> list[str]:
    import subprocess

    # -P: nothing of the current folder shadows the standard library. Warnings must not become errors there.
    return [sys.executable, *subprocess._args_from_interpreter_flags(), "-P", "-W", "ignore"]  # type: ignore[attr-defined]


def _bootstrap() -> str:
    """The child finds this very package."""
    folder = str(Path(__file__).parent.parent.parent)
    return f"import sys; sys.path.append({folder!r}); from advisor.host.probes import main; main()"


def _output_of(command: list[str], timeout: float) -> bytes:
    """What the command prints until it ends or the time is up; none of its process group is left running."""
    import subprocess

    try:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return b""
    with child:
        try:
            return child.communicate(timeout=timeout)[0]
        except subprocess.TimeoutExpired:
            _end_group(child)
            return child.communicate()[0]
        finally:
            # An orderly end has left nothing behind, and its id may be another's by now.
            if child.returncode != 0:
                _end_group(child)


def _end_group(child: subprocess.Popen[bytes]) -> None:
    import signal

    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()


def _valid(found: Any) -> dict[str, float]:
    """Of what the child said, the constants that a Machine accepts."""
    costs: dict[str, float] = {}
    for name in _MEASURED:
        with contextlib.suppress(ValidationError, AttributeError, KeyError, TypeError):
            costs[name] = getattr(Machine.model_validate({name: found[name]}), name)
    return costs
