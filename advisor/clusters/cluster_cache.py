"""Keep what was measured of clusters for some minutes, in the user's cache folder."""

from __future__ import annotations

import contextlib
import hashlib
import time
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from advisor.clusters.engine import Engine
from advisor.models.cluster import Cluster
from advisor.report.atomic_write import atomic_write

CACHE_FORMAT = 1  # raise it when the meaning of a measurement changes
MAX_AGE = 10 * 60.0  # seconds; others may use the cluster too


class ClusterMeasurement(BaseModel):
    """The content of a cache file."""

    key: str
    taken: Annotated[float, Field(ge=0, le=1e11, description="seconds since the epoch")]
    cluster: Cluster


def cluster_key(engine: Engine, module: str | None) -> str:
    """Return what a measurement depends on: the engine, the scheduler, its workers and the module."""
    workers = sorted((worker.id, worker.threads) for worker in engine.workers())
    return f"{engine.name} {engine.address} {workers} {module} v{CACHE_FORMAT}"


def read_measurement(key: str) -> Cluster | None:
    """Return what was measured under a key, if it is not too old."""
    try:
        found = ClusterMeasurement.model_validate_json(_path(key).read_bytes())
    except (OSError, RuntimeError, ValidationError):  # RuntimeError: there is no home folder
        return None
    fresh = found.key == key and 0 <= time.time() - found.taken <= MAX_AGE
    return found.cluster if fresh else None


def write_measurement(key: str, cluster: Cluster) -> None:
    """Keep a measurement; if that fails, the cluster is measured again next time."""
    entry = ClusterMeasurement(key=key, taken=time.time(), cluster=cluster)
    with contextlib.suppress(OSError, RuntimeError):
        path = _path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as file:
            file.write_text(entry.model_dump_json(), encoding="utf-8")


def _path(key: str) -> Path:
    import platformdirs

    return platformdirs.user_cache_path("advisor") / f"cluster-{hashlib.sha256(key.encode()).hexdigest()[:20]}.json"
