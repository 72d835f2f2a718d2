from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from advisor.clusters.ray_address import connected_address
from advisor.errors import AdvisorError
from advisor.models import Machine


def with_cluster(host: Machine, cluster: Any, target: str | None = None, *, or_connected: bool = False) -> Machine:
    """Return the host with the cluster beside it, which is measured now; None changes nothing.

    Args:
        host: The host to plan for.
        cluster: An address, a connection or "auto", as `advisor.clusters.connect.connect` takes it.
        target: The function, such as 'my_module:func', whose module the workers import.
        or_connected: Instead of None, take the cluster that this program is connected to, if there is one that works.

    Raises:
        UsageError: No cluster is there, or it cannot be reached.
        MissingExtraError: The package is not installed.
    """
    if cluster is None:
        return _with_connected(host, target) if or_connected else host
    from advisor.clusters.measure import measured_cluster

    with _current_folder_on_path():
        return host.model_copy(update={"cluster": measured_cluster(cluster, module=_module_of(target))})


def _with_connected(host: Machine, target: str | None) -> Machine:
    try:
        return with_cluster(host, _connection(), target)
    except AdvisorError as error:
        import logging  # not needed otherwise

        logging.getLogger(__name__).info("the connected cluster is left out: %s", error)
        return host


def _connection() -> Any:
    """Return the Dask client of this program, or "ray" if it is connected to Ray; nothing is imported to find it."""
    distributed = sys.modules.get("distributed")
    if distributed is not None and hasattr(distributed, "default_client"):
        with contextlib.suppress(ValueError):  # there is none
            client = distributed.default_client()
            return client if client.status == "running" and not client.asynchronous else None
    return "ray" if connected_address() else None


@contextlib.contextmanager
def _current_folder_on_path() -> Iterator[None]:
    """Let the module of a target be found where the target is looked up; nothing of it is imported here."""
    try:
        folder = str(Path.cwd())
    except FileNotFoundError:  # it has been removed
        folder = ""
    if not folder or folder in sys.path:
        yield
        return
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


def _module_of(target: str | None) -> str | None:
    """Return the name of the target's module, or None if it is a file or belongs to the running program."""
    module = (target or "").rpartition(":")[0]
    is_dotted = all(part.isidentifier() for part in module.split("."))
    return module if is_dotted and module != "__main__" and not module.endswith((".py", ".ipynb")) else None
