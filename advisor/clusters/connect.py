"""Connect to a cluster, by its address or through a connection that the caller has."""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
import time
from typing import Any

from advisor.clusters.engine import Engine
from advisor.errors import MissingExtraError, NoClusterError, UsageError

WORKERS_SECONDS = 10.0  # that a cluster without workers has to get some
_DASK = ("tcp://", "tls://", "ws://", "wss://", "ucx://", "inproc://")
_FORMS = "tcp://host:port or tls://host:port (Dask), ray://host:port or ray, or auto"


def connect(cluster: Any) -> Engine:
    """Return an engine for a cluster; nothing is started.

    Args:
        cluster: "tcp://host:port" or "tls://host:port" (Dask), "ray://host:port" or "ray", a `distributed.Client`, or
            "auto": a client that is connected already, else DASK_SCHEDULER_ADDRESS, else RAY_ADDRESS.

    Raises:
        NoClusterError: "auto" has found none.
        UsageError: The cluster cannot be reached.
        MissingExtraError: The package is not installed.
    """
    engine = _open(cluster)
    try:
        _await_workers(engine)
    except BaseException:
        engine.close()
        raise
    return engine


def _open(cluster: Any) -> Engine:
    if isinstance(cluster, str):
        address = cluster.strip()
        if address == "auto":
            return _find()
        if address.startswith(_DASK):
            return _open_dask(address)
        if address == "ray" or address.startswith("ray://"):
            return _open_ray(address)
        hint = f"; did you mean tcp://{address}?" if ":" in address and "//" not in address else ""
        raise UsageError(f"{address!r} is not the address of a cluster: {_FORMS}{hint}", field="cluster")
    distributed = sys.modules.get("distributed")
    if distributed is not None and isinstance(cluster, distributed.Client):
        return _join_dask(cluster)
    kind = f"{type(cluster).__module__}.{type(cluster).__qualname__}"
    raise UsageError(f"a cluster is given by its address or a distributed.Client, not by a {kind}", field="cluster")


def _find() -> Engine:
    """Open the cluster that this program or its environment has already, without importing anything to look for it."""
    distributed, ray = sys.modules.get("distributed"), sys.modules.get("ray")
    if distributed is not None and hasattr(distributed, "default_client"):
        try:
            return _join_dask(distributed.default_client())
        except ValueError:  # there is none
            pass
    if address := os.environ.get("DASK_SCHEDULER_ADDRESS"):
        return _open_dask(address if "://" in address else f"tcp://{address}")
    if ray is not None and hasattr(ray, "is_initialized") and ray.is_initialized():
        return _open_ray("")
    if (address := os.environ.get("RAY_ADDRESS", "")) not in ("", "local"):
        return _open_ray(address)
    raise NoClusterError(
        "found no cluster: this program has no Dask client and no connection to Ray, and neither "
        "DASK_SCHEDULER_ADDRESS nor RAY_ADDRESS is set",
        field="cluster",
    )


def _join_dask(client: Any) -> Engine:
    """Connect to the scheduler that a client of the caller has."""
    if client.asynchronous:
        raise UsageError(
            "this Dask client is asynchronous, and its event loop would stand still during the job: "
            "give the scheduler's address instead",
            field="cluster",
        )
    if client.status != "running":
        raise UsageError(f"this Dask client is {client.status}", field="cluster")
    return _open_dask(client.scheduler.address, security=client.security, direct_to_workers=client.direct_to_workers)


def _open_dask(address: str, **options: Any) -> Engine:
    _require("dask", "distributed")
    from advisor.clusters.dask_engine import CONNECT_SECONDS, DaskEngine

    try:
        engine = DaskEngine(address, **options)
    except ValueError as error:
        raise UsageError(f"{address!r} is not the address of a Dask scheduler: {error}", field="cluster") from error
    except (OSError, TypeError) as error:
        hint = "check the address, that the scheduler is running, and that no firewall blocks the connection"
        if address.startswith("tls://"):  # without certificates it is a TypeError
            hint = "check the address, and the certificates in distributed.comm.tls of the Dask configuration"
        raise UsageError(
            f"no Dask scheduler answers at {address} within {CONNECT_SECONDS:g} s: {hint}", field="cluster"
        ) from error
    except (ImportError, Warning) as error:  # the versions here and there do not go together
        raise UsageError(f"the Dask cluster at {address} cannot be used from here: {error}", field="cluster") from error
    if others := engine.other_pythons():
        engine.close()
        worker, version = next(iter(others.items()))
        raise UsageError(
            f"Python is {platform.python_version()} here and {version} on {worker}, and code cannot be sent between "
            "these: use the same minor version",
            field="cluster",
        )
    return engine


def _open_ray(address: str) -> Engine:
    if sys.platform == "win32":
        raise UsageError("a Ray cluster cannot be used from Windows: use WSL, or a Dask cluster", field="cluster")
    _require("ray", "ray")
    from advisor.clusters.ray_engine import RayEngine

    return RayEngine(address)


def _require(extra: str, package: str) -> None:
    if package not in sys.modules and importlib.util.find_spec(package) is None:
        raise MissingExtraError(f"a {extra.capitalize()} cluster", extra)


def _await_workers(engine: Engine) -> None:
    end = time.monotonic() + WORKERS_SECONDS
    while not engine.workers():
        if time.monotonic() > end:
            raise UsageError(f"the cluster at {engine.address} has no workers: start some first", field="cluster")
        time.sleep(0.1)
