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
    from advisor.errors import CallError as CallError
    from advisor.errors import MissingExtraError as MissingExtraError
    from advisor.errors import TargetError as TargetError
    from advisor.errors import UsageError as UsageError
    from advisor.errors import WorkerError as WorkerError
    from advisor.interleaving.races import races as races
    from advisor.jobs.map import amap as amap
    from advisor.jobs.map import map as map
    from advisor.jobs.register_joblib import register_joblib_backend as register_joblib_backend
    from advisor.jobs.run import AsyncRun as AsyncRun
    from advisor.jobs.run import Run as Run
    from advisor.measure.profiler import Profiler as Profiler
    from advisor.measure.profiler import profile as profile
    from advisor.models import Advice as Advice
    from advisor.models import Failure as Failure
    from advisor.models import Job as Job
    from advisor.models import Machine as Machine
    from advisor.models import Profile as Profile
    from advisor.models import RaceFinding as RaceFinding
    from advisor.models import RaceReport as RaceReport
    from advisor.models import RaceStep as RaceStep
    from advisor.models import RunReport as RunReport
    from advisor.models import Stage as Stage
    from advisor.target.inputs import Call as Call

# Imported on first access, so that importing the package is fast.
_MODULES = {
    "Advice": "models",
    "AdvisorError": "errors",
    "AsyncRun": "jobs.run",
    "Call": "target.inputs",
    "CallError": "errors",
    "Failure": "models",
    "Job": "models",
    "Machine": "models",
    "MissingExtraError": "errors",
    "Profile": "models",
    "Profiler": "measure.profiler",
    "RaceFinding": "models",
    "RaceReport": "models",
    "RaceStep": "models",
    "Run": "jobs.run",
    "RunReport": "models",
    "Stage": "models",
    "TargetError": "errors",
    "UsageError": "errors",
    "WorkerError": "errors",
    "advise": "api",
    "amap": "jobs.map",
    "load_ipython_extension": "notebook",
    "map": "jobs.map",
    "profile": "measure.profiler",
    "races": "interleaving.races",
    "register_joblib_backend": "jobs.register_joblib",
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
