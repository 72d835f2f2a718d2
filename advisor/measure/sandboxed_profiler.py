"""Measure a target named on the command line in a child process."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from advisor.measure.meter import Watch
from advisor.models import Profile, SideEffects
from advisor.models.input_source import Form, InputSource, input_source
from advisor.target import sandbox_supervisor


@dataclass(frozen=True)
class MeasuredTarget:
    """The profile of a target, the number of its inputs (None: it takes none) and their forms."""

    profile: Profile
    inputs_count: int | None
    forms: frozenset[Form]


def profile_target(
    target: str,
    *,
    inputs: str | InputSource | None = None,
    budget: float = 3.0,
    timeout: float = 60.0,
    watch: Watch = "outside",
    on_progress: Callable[[float, str], None] | None = None,
) -> MeasuredTarget:
    """Measure a target ('my_module:func') in a child process for `budget` seconds, importing it included.

    The second call may exceed the budget, if two calls as long as the first fit into the `timeout`. `on_progress` gets
    the fraction of the budget that is over, and the current step. Raises as `sandbox_supervisor.run` does.
    """

    def on_message(message: sandbox_supervisor.Message) -> None:
        if on_progress:
            on_progress(min(1.0, message.get("fraction", 0.0)), message.get("doing", ""))

    source = input_source(inputs)
    answer = sandbox_supervisor.run(
        "advisor.measure.sandboxed_profiler_child:serve_profile",
        {
            "target": target,
            "inputs": source.spec,
            "star": source.star,
            "seconds": budget,
            "ends_at": time.monotonic() + budget,
            "watch": watch,
            "two_calls": timeout,
        },
        timeout=timeout,
        on_message=on_message,
    )
    profile = Profile.model_validate(answer["profile"])
    effects = (profile.side_effects or SideEffects()).model_copy(update={"output_bytes": answer["output_bytes"]})
    profile = profile.model_copy(update={"side_effects": effects})
    return MeasuredTarget(profile, answer["inputs_count"], frozenset(answer["forms"]))
