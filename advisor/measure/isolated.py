"""A target named on the command line → its Profile, measured in a process of its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from advisor.measure.meter import Watch
from advisor.models import Profile, SideEffects
from advisor.target import sandbox


@dataclass(frozen=True)
class Measured:
    """The profile of a target and how many inputs there are for it (None: it takes none)."""

    profile: Profile
    inputs_count: int | None


def profile_target(
    target: str,
    *,
    inputs: str | None = None,
    budget: float = 3.0,
    timeout: float = 60.0,
    watch: Watch = "outside",
    on_progress: Callable[[float, str], None] | None = None,
) -> Measured:
    """Measure `target` ('my_module:func') with `inputs` for about `budget` seconds, its import included.

    Raises UsageError, TargetError or Interrupted as `sandbox.run` does.
    """

    def tell(message: sandbox.Message) -> None:
        if on_progress:
            on_progress(min(1.0, message.get("fraction", 0.0)), message.get("doing", ""))

    answer = sandbox.run(
        "advisor.measure.isolated_child:profile_target",
        {
            "target": target,
            "inputs": inputs,
            "seconds": budget,
            "ends_at": time.monotonic() + budget,
            "watch": watch,
        },
        timeout=timeout,
        on_message=tell,
    )
    profile = Profile.model_validate(answer["profile"])
    effects = (profile.side_effects or SideEffects()).model_copy(update={"output_bytes": answer["output_bytes"]})
    return Measured(profile.model_copy(update={"side_effects": effects}), answer["inputs_count"])
