"""From a valid question to Advice, through `advisor.api` as everywhere else."""

from __future__ import annotations

import re
from keyword import iskeyword
from typing import Any

from advisor import api
from advisor.api import advise_task
from advisor.describe.task import Task
from advisor.host.cores_and_memory import default_start_method
from advisor.host.machine import unmeasured_machine
from advisor.models import Advice, Machine, Profile, Python
from advisor.service.schemas import FREE_THREADING_SINCE, Overrides, Question, version_numbers

FREE_THREADED = "3.14"  # the first version whose free-threaded build is officially supported (PEP 779)
_DOTTED_NAME = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*"
_FILE = r"[\w./-]*\w\.py"
_TARGET = re.compile(rf"(?:{_DOTTED_NAME}|{_FILE}):{_DOTTED_NAME}", re.ASCII)


def plan(question: Question, host: Machine) -> Advice:
    """Advise on a question; the client's `machine` overrides the host's figures."""
    machine = planned_machine(question.machine, host)
    subject = question.subject
    if isinstance(subject, Task):
        subject = subject.model_copy(update={"target": safe_target(subject.target)})
        return advise_task(subject, calls=question.calls, machine=machine)
    if isinstance(subject, Profile):
        # What a client says about the code of a module must not get into a script that others read.
        touches = tuple(touch.without_code() for touch in subject.touches)
        subject = subject.model_copy(update={"touches": touches})
        subject = subject.model_copy(update={"target": safe_target(subject.target)})
    if isinstance(subject, str):
        cores = question.machine.cores if question.machine else None
        return api.advise_description(subject, calls=question.calls, machine=machine, cores=cores)
    return api.advise(subject, calls=question.calls, machine=machine)


def check_planner() -> None:
    """Advise on a short description, which raises where the service could not advise."""
    api.advise("Downloading 100 files", machine=unmeasured_machine())


def planned_machine(overrides: Overrides | None, host: Machine) -> Machine:
    """Return the host with assumed costs, overridden as the client asks. A web server does not measure pools."""
    if overrides is None:
        return host
    stated: dict[str, Any] = overrides.model_dump(include={"cores", "memory"}, exclude_none=True)
    if overrides.cluster is not None:
        # A client's address must not get into a script that others read, since a scheduler can run code there.
        stated["cluster"] = overrides.cluster.model_copy(update={"address": ""})
    python = _planned_python(host.python, overrides)
    if overrides.python is not None or python.version != host.python.version:
        stated["start_method"] = default_start_method(host.platform, version_numbers(python.version))
    return host.model_copy(update={**stated, "python": python})


def _planned_python(python: Python, overrides: Overrides) -> Python:
    if overrides.python is None:
        free_threaded = python.free_threaded if overrides.free_threaded is None else overrides.free_threaded
        if free_threaded and version_numbers(python.version) < FREE_THREADING_SINCE:
            return Python(version=FREE_THREADED, free_threaded=True)  # this host's version has no such build
        return python.model_copy(update={"free_threaded": free_threaded})
    free_threaded = overrides.python.endswith("t") or bool(overrides.free_threaded)
    return Python(version=overrides.python.removesuffix("t"), free_threaded=free_threaded)


def safe_target(target: str | None) -> str | None:
    """Return the target if it is a plain `module:function`, else None.

    The service never imports it, but writes it into the snippet, which people copy and run.
    """
    if target is None or _TARGET.fullmatch(target) is None:
        return None
    names = re.split(r"[.:/]", target)
    return None if any(iskeyword(name) for name in names) else target
