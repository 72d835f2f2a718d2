"""Threads, processes or neither? Measure a function and predict how fast each would be.

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

# Imported on first access, so that importing the package is fast.
_MODULES = {
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
    "load_ipython_extension": "notebook",
    "profile": "measure.profiler",
}

__all__ = [name for name in sorted(_MODULES) if name != "load_ipython_extension"]  # which only IPython calls
__version__ = "0.2.0"


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'advisor' has no attribute {name!r}")
    value = getattr(import_module(f"advisor.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
