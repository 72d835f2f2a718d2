"""The connection of this program to a Ray cluster, of which there can be only one."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from advisor.clusters.news_queue import first_line
from advisor.clusters.ray_import import ray
from advisor.errors import UsageError

CONNECT_SECONDS = 10.0
_CHECK_SECONDS = 3.0


class RayConnection:
    """The connection that the program has, or a new one, which is closed in the end."""

    def __init__(self, address: str) -> None:
        self.is_own = not ray.is_initialized()
        self.address = os.environ.get("RAY_ADDRESS", "auto") if address == "ray" else address
        if self.is_own:
            self.open()
        elif address not in ("", "ray") and _head(address) != _gcs_address():
            raise UsageError(
                f"this program is connected to the Ray cluster at {_gcs_address()}, and cannot be to {address} too",
                field="cluster",
            )
        if not self.address.startswith("ray://"):
            self.address = _gcs_address()

    def open(self) -> None:
        """Connect; raise UsageError if that is impossible."""
        if self.address != "auto" and not _answers(_head(self.address), CONNECT_SECONDS):
            raise UsageError(
                f"no Ray cluster answers at {self.address} within {CONNECT_SECONDS:g} s: check the address, that the "
                "head node runs, and that no firewall is between",
                field="cluster",
            )
        try:
            ray.init(address=self.address, log_to_driver=False, logging_level="ERROR", configure_logging=False)
        except ConnectionError as error:
            raise UsageError(
                f"found no Ray cluster that this host is part of: start one, or give ray://host:port"
                f" ({first_line(error)})",
                field="cluster",
            ) from error
        except (RuntimeError, ImportError, ValueError) as error:  # such as other versions of Python and Ray there
            raise UsageError(
                f"the Ray cluster at {self.address} cannot be used from here: {first_line(error)}", field="cluster"
            ) from error

    def is_there(self) -> bool:
        """Return True if the head node answers; Ray itself would wait, and end the program after a minute."""
        return _answers(_head(self.address), _CHECK_SECONDS)

    def nodes(self) -> list[Mapping[str, Any]]:
        """Return what Ray tells of each node."""
        return list(ray.nodes())

    def close(self) -> None:
        """Disconnect, unless the program was connected before."""
        if self.is_own:
            with suppress(Exception):
                ray.shutdown()


def _gcs_address() -> str:
    return str(ray.get_runtime_context().gcs_address)


def _head(address: str) -> str:
    return address.removeprefix("ray://").partition("/")[0]


def _answers(address: str, seconds: float) -> bool:
    """Return True if something accepts connections at host:port, or does within so many seconds."""
    host, _, port = address.rpartition(":")
    end = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=seconds).close()
        except ValueError:
            return False
        except OSError:
            if time.monotonic() > end:
                return False
            time.sleep(0.2)
        else:
            return True
