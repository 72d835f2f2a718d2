"""Estimate the cost of values that a rewritten loop returns for every iteration of a loop within it.

The second run sees what an iteration of the outer loop leaves behind, not what its rewrite needs for that: a tuple for
each iteration of the inner loop, if the parent has to fold one after the other. For short iterations, pickling these
costs as much as the work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from advisor.models import Profile
from advisor.survey.facts import InnerValues, LoopId, LoopObservation, LoopTime

# Of numbers and short strings in tuples, of Python 3.11 at 3 GHz.
BYTES_PER_VALUE = 10
PICKLE_SECONDS = 0.15e-6  # to pickle and unpickle a value
FOLD_SECONDS = 0.1e-6  # for the parent to fold a value
UNCOUNTED_ITERATION = 5e-6  # seconds assumed of an inner iteration that was sampled only: some calls


@dataclass(frozen=True)
class ReturnedValues:
    """Values that one iteration returns, besides those that were measured.

    Attributes:
        folded: Those of them that the parent folds one after the other.
    """

    total: float = 0.0
    folded: float = 0.0

    @property
    def fold_seconds(self) -> float:
        """The time that the parent takes for the values of an iteration."""
        return FOLD_SECONDS * self.folded

    def added_to(self, profile: Profile) -> Profile:
        """Return the profile of an iteration that returns these values, too."""
        if not self.total:
            return profile
        size, seconds = round(BYTES_PER_VALUE * self.total), PICKLE_SECONDS * self.total
        further = {
            "further_result_bytes": _plus(profile.further_result_bytes, size),
            "further_pickle_seconds": _plus(profile.further_pickle_seconds, seconds),
        }
        return profile.model_copy(
            update={
                "result_bytes": (profile.result_bytes or 0) + size,
                "pickle_seconds": (profile.pickle_seconds or 0.0) + seconds,
                **{name: value for name, value in further.items() if value is not None},
            }
        )


NOTHING = ReturnedValues()


def returned_values(
    found: Iterable[InnerValues],
    iterations: float,
    observations: Mapping[LoopId, LoopObservation],
    times: Mapping[LoopId, LoopTime],
) -> ReturnedValues:
    """Return how many values an iteration returns.

    Args:
        found: Values of the loops within the rewritten one.
        iterations: Of the rewritten loop, all executions together.
        observations: What was seen of loops; those that were not watched are judged by their samples.
        times: The samples of loops.
    """
    total = folded = 0.0
    for each in found:
        values = each.values * _iterations(each.loop, observations, times) / max(iterations, 1.0)
        total += values
        folded += values if each.in_order else 0.0
    return ReturnedValues(total, folded)


def _iterations(
    loop: LoopId, observations: Mapping[LoopId, LoopObservation], times: Mapping[LoopId, LoopTime]
) -> float:
    if loop in observations:
        return observations[loop].iterations
    return times[loop].seconds / UNCOUNTED_ITERATION if loop in times else 0.0


def _plus(value: float | None, more: float) -> float | None:
    return None if value is None else value + more
