"""Predict the speed-up of threads that hold a new lock: its share of a call, measured, in the cost model."""

from __future__ import annotations

import tempfile
from pathlib import Path

from advisor.errors import AdvisorError
from advisor.interleaving.question import RaceQuestion
from advisor.interleaving.restoring import restore_all
from advisor.interleaving.search import request_of
from advisor.models import HeldResource, Job, Machine, Profile
from advisor.target import sandbox_supervisor
from advisor.target.piped_inputs import as_file

_CALLS = 1000  # of the job
_GRACE = 2.0


def speedup(question: RaceQuestion, file: str, lock: str) -> float | None:
    """Return the predicted speed-up over a plain loop; None if the calls cannot be measured.

    Args:
        question: The target, with the lock in its sources, and the seconds for the measuring.
        file: The module that has the lock.
        lock: Its name.
    """
    from advisor.host.machine import this_machine

    try:
        answer = _measure(question, file, lock)
        return predicted(Profile.model_validate(answer["profile"]), this_machine(seconds=0.5), lock, answer["held"])
    except (AdvisorError, ValueError):
        return None


def _measure(question: RaceQuestion, file: str, lock: str) -> sandbox_supervisor.Message:
    with as_file(question.inputs) as inputs, tempfile.TemporaryDirectory(prefix="advisor-races-") as folder:
        try:
            request = {**request_of(question, inputs, folder), "file": file, "lock": lock}
            entry = "advisor.interleaving.lock_cost_child:serve"
            return sandbox_supervisor.run(entry, request, timeout=question.seconds + _GRACE)
        finally:
            restore_all(Path(folder))


def predicted(profile: Profile, machine: Machine, lock: str, held: float) -> float | None:
    """Return the speed-up of threads whose calls hold a lock for so many seconds."""
    from advisor.predict import estimator

    resource = HeldResource(name=lock, kind="lock", seconds=min(held, profile.wall))
    locked = profile.model_copy(update={"held": (resource,), "touches": ()})
    leaders = estimator.leaders(estimator.estimate(locked, Job(calls=_CALLS), machine))
    if "threading" not in leaders or "sequential" not in leaders:
        return None
    return leaders["sequential"].seconds.expected / leaders["threading"].seconds.expected
