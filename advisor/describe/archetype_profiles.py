"""The typical profiles of kinds of task, and how the quantities of a description change them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from advisor.describe.classifier.archetype_kinds import KINDS
from advisor.models import HeldResource, Job, Profile

if TYPE_CHECKING:
    from advisor.describe.text.quantities import Quantities

STATED_ERROR = 0.25  # relative standard error of a time that a text states
MIN_CALL_SECONDS, MAX_CALL_SECONDS = 1e-7, 1e6
MAX_JOB_SECONDS = 86400.0  # assumed where the text states no time; a million rows would take months otherwise
MAX_BYTES = 1e15  # of one input
# What one core, or one connection, processes in a second, for texts that state a size but no time.
BYTES_PER_SECOND = {
    "native": 1e9,
    "file-io": 2e8,
    "dataframe": 1e8,
    "compression": 5e7,
    "parse": 2e7,
    "image": 2e7,
    "download": 1e7,
}
Work = Literal["holds", "releases", "mixed", "parallel", "child", "waits"]  # where a named library spends a call
# Shares of a call that computes: holding the GIL, and in native code without it.
SHARES: dict[Work, tuple[float, float]] = {"holds": (0.95, 0.03), "mixed": (0.6, 0.37), "releases": (0.05, 0.92)}
_TIMES = ("gil_held", "gil_free", "child_cpu", "wait")
_DATA = ("argument_bytes", "result_bytes", "pickle_seconds")


@cache
def archetypes() -> dict[str, Profile]:
    """Return the typical profiles by name: figures to plan with where nothing was measured."""
    file = Path(__file__).with_name("archetype_profiles.json")
    return {name: Profile.model_validate(fields) for name, fields in json.loads(file.read_text("utf-8")).items()}


def fitted_profile(archetype: str, quantities: Quantities, job: Job, work: Work | None = None) -> Profile:
    """Return the archetype's profile, changed to a library's work and to the quantities that a text states."""
    profile = _working_as(work, archetypes()[archetype])
    seconds = _seconds_per_call(profile, quantities, job)
    if seconds is not None and (archetype != "tiny" or quantities.seconds_per_call is not None):
        profile = _scaled(profile, min(MAX_CALL_SECONDS, max(MIN_CALL_SECONDS, seconds)) / profile.wall)
    if quantities.wait_share is not None and 0 <= quantities.wait_share <= 1:
        profile = _with_wait_share(profile, quantities.wait_share)
    if quantities.bytes_per_call and KINDS.get(archetype) == "computes":
        needed = int(min(quantities.bytes_per_call, MAX_BYTES)) + (profile.idle_memory or 0)
        profile = profile.model_copy(update={"peak_memory": max(needed, profile.peak_memory or 0)})
    if quantities.rate_limit_per_second:
        return _rate_limited(profile, 1.0 / quantities.rate_limit_per_second)
    if quantities.max_concurrent and KINDS.get(archetype) == "waits":
        return _holding(profile, "the connections", profile.wall, places=quantities.max_concurrent)
    return profile


def filling_cores(profile: Profile, cores: int) -> Profile:
    """Let the calls of a library that works in parallel keep all cores of a larger host busy, in the same time."""
    if profile.archetype != "parallel" or not profile.native_threads or cores <= profile.native_threads:
        return profile
    factor = cores / profile.native_threads
    errors = {**profile.standard_error, "gil_free": profile.standard_error.get("gil_free", 0.0) * factor}
    busy = {"native_threads": float(cores), "gil_free": (profile.gil_free or 0.0) * factor}
    return profile.model_copy(update={**busy, "standard_error": errors})


def _working_as(work: Work | None, profile: Profile) -> Profile:
    """Change the shares of a call that computes to those of its library."""
    is_native = profile.archetype in ("native", "compression")
    if work not in SHARES or not (
        KINDS.get(profile.archetype or "") == "computes" or (is_native and work == "releases")
    ):
        return profile
    held, free = (share * profile.wall for share in SHARES[work])
    error = profile.standard_error["wall"] / profile.wall
    errors = {**profile.standard_error, "gil_held": held * error, "gil_free": free * error}
    times = {"gil_held": held, "gil_free": free, "wait": profile.wall - held - free}
    return profile.model_copy(update={**times, "standard_error": errors})


def _seconds_per_call(profile: Profile, quantities: Quantities, job: Job) -> float | None:
    if quantities.seconds_per_call is not None:
        return quantities.seconds_per_call
    if quantities.total_seconds is not None:
        return quantities.total_seconds / job.calls
    speed = BYTES_PER_SECOND.get(profile.archetype or "")
    if quantities.bytes_per_call and speed:
        return max(profile.wall, min(quantities.bytes_per_call, MAX_BYTES) / speed)
    return MAX_JOB_SECONDS / job.calls if profile.wall * job.calls > MAX_JOB_SECONDS else None


def _scaled(profile: Profile, factor: float) -> Profile:
    """Scale all times of a call; a shorter call has less data, too."""
    names = (*_TIMES, *(_DATA if factor < 1 else ()))
    scaled = {name: type(value)(value * factor) for name in names if (value := getattr(profile, name)) is not None}
    errors = {name: seconds * factor for name, seconds in profile.standard_error.items()}
    wall = profile.wall * factor
    errors["wall"] = wall * min(STATED_ERROR, profile.standard_error.get("wall", 0.0) / profile.wall)
    held = tuple(resource.model_copy(update={"seconds": resource.seconds * factor}) for resource in profile.held)
    return profile.model_copy(update={**scaled, "wall": wall, "standard_error": errors, "held": held})


def _with_wait_share(profile: Profile, share: float) -> Profile:
    """Change the share of waiting; the parts that compute keep their proportions."""
    computing = profile.cpu / (profile.native_threads or 1.0)
    if not computing:
        return profile
    factor = (1.0 - share) * profile.wall / computing
    parts = {name: (getattr(profile, name) or 0.0) * factor for name in _TIMES if name != "wait"}
    return profile.model_copy(update={**parts, "wait": share * profile.wall})


def _rate_limited(profile: Profile, seconds: float) -> Profile:
    """Allow one call in so many seconds; a shorter call waits for its turn."""
    seconds = min(seconds, 1e6)
    longer = max(0.0, seconds - profile.wall)
    update = {"wall": profile.wall + longer, "wait": (profile.wait or 0.0) + longer}
    return _holding(profile.model_copy(update=update), "the rate limit", seconds)


def _holding(profile: Profile, name: str, seconds: float, places: int = 1) -> Profile:
    resource = HeldResource(name=name, kind="semaphore", places=places, seconds=seconds, everywhere=True)
    return profile.model_copy(update={"held": (resource,)})
