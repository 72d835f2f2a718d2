"""The host that a job is planned for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from advisor.errors import UsageError
from advisor.models import Machine
from advisor.target import ipython_session


def planned_machine(machine: Machine | Mapping[str, Any] | None) -> Machine:
    """Return the host to plan for: this one, with the fields that a mapping overrides, or the one given."""
    if isinstance(machine, Machine):
        return machine
    from advisor.host.machine import this_machine, with_cores

    host = this_machine()
    if ipython_session.is_running():
        host = host.started_by("spawn")  # as loky does, whose workers get the functions of a notebook
    if machine is None:
        return host
    if not isinstance(machine, Mapping):
        raise UsageError(f"a machine is a Machine or a mapping of its fields, not {machine!r}")
    unknown = set(machine) - set(Machine.model_fields)
    if unknown:
        raise UsageError(f"a machine has no {', '.join(sorted(unknown))}")
    try:
        planned = Machine.model_validate({**host.model_dump(), **machine})
        return with_cores(planned.model_copy(update={"cores": host.cores}), planned.cores)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"invalid machine: {field} is {first['input']!r} ({first['msg']})") from None
