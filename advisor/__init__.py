"""Threads, processes or neither? Measures a function and predicts what each would bring.

import advisor

profile = advisor.profile(parse, inputs=pages)
advice = advisor.advise(profile, calls=10_000)
print(advice.summary)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from advisor.api import advise as advise
    from advisor.errors import AdvisorError as AdvisorError
    from advisor.errors import MissingExtraError as MissingExtraError
    from advisor.errors import TargetError as TargetError
    from advisor.errors import UsageError as UsageError
    from advisor.measure.profiler import Profiler as Profiler
    from advisor.measure.profiler import profile as profile
    from advisor.models import Advice as Advice
    from advisor.models import Job as Job
    from advisor.models import Machine as Machine
    from advisor.models import Profile as Profile
    from advisor.target.inputs import Call as Call

# Found when first asked for, so that importing the package costs nothing.
_HOMES = {
    "Advice": "models",
    "AdvisorError": "errors",
    "Call": "target.inputs",
    "Job": "models",
    "Machine": "models",
    "MissingExtraError": "errors",
    "Profile": "models",
    "Profiler": "measure.profiler",
    "TargetError": "errors",
    "UsageError": "errors",
    "advise": "api",
    "profile": "measure.profiler",
}

__all__ = [*sorted(_HOMES)]
__version__ = "0.2.0"


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'advisor' has no attribute {name!r}")
    value = getattr(import_module(f"advisor.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
