"""How far a prediction may be off: half widths of 90 % intervals, as logarithms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from advisor.models import POOL_COSTS, Profile, Range, Strategy
from advisor.models.strategies import STRATEGIES
from advisor.predict.bottlenecks import crowds, working_set
from advisor.predict.demands import SHORTEST, Case, call_parts, takes_the_rest, warmed
from advisor.predict.strategies import Crews, Prediction, predict

Z90 = 1.645  # standard errors of a two-sided 90 % interval
WIDEST = 3.0  # an interval's half width as a logarithm: a factor of 20 says "unknown" well enough
# For each doubling of the workers: of calls that wait, since whom they wait for has limits that one call does not meet;
# of calls that compute, for each doubling beyond the cores, since they push each other out of the caches.
_PER_DOUBLING = {"waiting": 0.07, "computing": 0.06}
_TAKING_TURNS = 0.2  # where computing and waiting take turns in equal parts: who comes back finds the cores busy
_GIL_ERROR = 0.45  # where the GIL sets the pace: hand-overs cost from nothing to several times the usual
_NO_GIL = 0.15
_NO_GIL_PYTHON = 0.45  # of 22 functions, seen from 0.8 of what the cores allow: half of that, to a quarter more
_TRIFLE = 1e-3  # of a call's wall time: a smaller error changes nothing
_CROWDING_ERROR = 0.9  # nothing lost, or 8.7 times slower: both were seen
_ASSUMED_PROFILE = 0.3  # besides the standard errors that the archetype itself gives
_COST_FACTOR = {"measured": 1.25, "assumed": 2.0}
_GUESSED_GIL = {"observed": 0.0, "sampled": 0.02, "estimated": 0.15, None: 0.0}
_LARGE_WORKING_SET = 32e6  # bytes: beyond a core's own caches, neighbours slow each other


def ranges(strategy: Strategy, case: Case, crews: Crews, expected: Sequence[Prediction]) -> list[Range]:
    """The seconds expected with each number of workers that is predicted, with their intervals."""
    variants = [predict(strategy, variant, crews) for variant in _variants(strategy, case)]
    waited = predict(strategy, _if_waited(case), crews) if _unknown(case.profile) else expected
    off = _profile_error(strategy, case)
    found = []
    for place, one in enumerate(expected):
        shifts = [abs(math.log(variant[place].seconds / one.seconds)) for variant in variants]
        width = min(WIDEST, math.hypot(_model_error(strategy, case, one), off, *shifts))
        low = min(one.seconds, waited[place].seconds) * math.exp(-width)
        found.append(Range(low=low, expected=one.seconds, high=one.seconds * math.exp(width)))
    return found


def _variants(strategy: Strategy, case: Case) -> list[Case]:
    """The same case with one thing off by as much as a 90 % interval allows."""
    if strategy == "sequential":
        return []
    factor = _COST_FACTOR[case.machine.source]
    costs = {name: min(1e9, getattr(case.machine, name) * factor) for name in POOL_COSTS}
    variants = [replace(case, machine=case.machine.model_copy(update=costs))]
    errors = case.profile.standard_error
    if strategy == "threading" and not case.machine.python.free_threaded:
        variants += _shifted(case, Z90 * errors.get("gil_held", 0.0))
    return variants + _other_wait(case, Z90 * errors.get("wait", 0.0))


def _shifted(case: Case, seconds: float) -> list[Case]:
    """The case with this much of the computing moved from holding the GIL to native code, or back if there is less."""
    call = case.call
    native = call.native / call.width
    seconds = min(seconds, max(call.gil, native))
    if seconds < _TRIFLE * call.wall:
        return []
    if call.gil < seconds:
        seconds = -seconds
    return [replace(case, call=replace(call, gil=call.gil - seconds, native=(native + seconds) * call.width))]


def _other_wait(case: Case, seconds: float) -> list[Case]:
    """The case with a longer wait, and a longer call: the clocks of the computing are exact."""
    if seconds < _TRIFLE * case.call.wall:
        return []
    return [replace(case, call=replace(case.call, wall=case.call.wall + seconds, wait=case.call.wait + seconds))]


def _unknown(profile: Profile) -> bool:
    return takes_the_rest(profile, "held") is not None


def _if_waited(case: Case) -> Case:
    return replace(case, call=warmed(call_parts(case.profile, "waited"), case.profile, case.machine))


def _model_error(strategy: Strategy, case: Case, one: Prediction) -> float:
    """Half width, as a logarithm, of what the model itself may be wrong by."""
    errors = [STRATEGIES[strategy].model_error]
    if case.profile.archetype is not None:
        errors.append(_ASSUMED_PROFILE)
    if strategy == "sequential":
        return errors[0] if len(errors) == 1 else math.hypot(*errors)
    waiting = (case.call.wait + case.call.blocked) / case.call.wall
    errors.append(_PER_DOUBLING["waiting"] * waiting * math.log2(one.workers))
    crowd = one.workers / case.machine.cores
    errors.append(_PER_DOUBLING["computing"] * (1.0 - waiting) * math.log2(max(1.0, crowd)))
    errors.append(_TAKING_TURNS * 4.0 * waiting * (1.0 - waiting))
    if strategy == "threading":
        free = case.machine.python.free_threaded
        errors.append(_no_gil_error(case, one) if free else _GIL_ERROR * min(1.0, one.load("gil")))
        errors.append(_GUESSED_GIL[case.profile.gil_source])
    if crowds(case, one.workers):
        errors.append(_CROWDING_ERROR)
    if working_set(case.profile) > _LARGE_WORKING_SET:
        errors.append(0.10)
    return math.hypot(*errors)


def _no_gil_error(case: Case, one: Prediction) -> float:
    """Python code in threads without a GIL: nothing in a profile tells how much of it works on shared objects."""
    return math.hypot(_NO_GIL, _NO_GIL_PYTHON * case.in_python * min(1.0, one.load("cores")) * (one.workers > 1))


def _profile_error(strategy: Strategy, case: Case) -> float:
    """Half width of what the measured wall time, and the luck of which calls come, may be off by.

    Beside other calls, only what is not the error of the wait: that has a variant of its own.
    """
    errors = case.profile.standard_error
    off = errors.get("wall", 0.0)
    if strategy != "sequential":
        off = math.sqrt(max(0.0, off**2 - errors.get("wait", 0.0) ** 2))
    luck = (case.profile.spread or 0.0) / math.sqrt(case.job.calls)
    return Z90 * math.hypot(off / max(case.profile.wall, SHORTEST), luck)
