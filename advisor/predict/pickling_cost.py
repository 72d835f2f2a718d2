"""Estimate the cost of pickling and sending the calls of a process pool where the profile does not say."""

from __future__ import annotations

from typing import NamedTuple

from advisor.models import Profile

# Where the profile does not know; seen with CPython 3.11 on a shared two-core host.
PICKLE_CALL = 1e-6  # pickling and unpickling small objects (0.9 µs)
PICKLE_BYTE = 0.5e-9  # ... and large ones that are plain bytes; lists of objects take ten times as long


class Payload(NamedTuple):
    """Data sent through a pipe: seconds to pickle and unpickle it, bytes to the worker and back."""

    seconds: float
    sent: float
    returned: float

    @property
    def bytes(self) -> float:
        """Return the bytes in both directions."""
        return self.sent + self.returned


def payloads(profile: Profile) -> tuple[Payload, Payload]:
    """Return what a task carries once, and what it carries in addition for each of its calls.

    Once: the function, and what the calls of a chunk have in common, as far as that was measured.
    """
    function, sent, returned = (
        size or 0.0 for size in (profile.function_bytes, profile.argument_bytes, profile.result_bytes)
    )
    seconds = profile.pickle_seconds
    if seconds is None:
        seconds = PICKLE_CALL + PICKLE_BYTE * (function + sent + returned)
    share = function / (function + sent + returned) if function else 0.0
    each = Payload(
        _measured_or(profile.further_pickle_seconds, seconds * (1.0 - share)),
        min(sent, _measured_or(profile.further_argument_bytes, sent)),
        min(returned, _measured_or(profile.further_result_bytes, returned)),
    )
    once = Payload(max(0.0, seconds - each.seconds), function + sent - each.sent, returned - each.returned)
    return once, each


def _measured_or(measured: float | None, default: float) -> float:
    return default if measured is None else measured
