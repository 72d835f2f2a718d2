"""Connect to a cluster, by its address or through a connection that the caller has."""

from __future__ import annotations

from typing import Any

from advisor.clusters.engine import Engine


def connect(cluster: Any) -> Engine:
    """Return an engine for a cluster; nothing is started.

    Args:
        cluster: "tcp://host:port" or "tls://host:port" (Dask), "ray://host:port" or "ray", a `distributed.Client`, or
            "auto": a client that is connected already, else DASK_SCHEDULER_ADDRESS, else RAY_ADDRESS.

    Raises:
        UsageError: No cluster is there, or it cannot be reached.
        MissingExtraError: The package is not installed.
    """
    from advisor.clusters.dask_engine import DaskEngine

    return DaskEngine(cluster)
