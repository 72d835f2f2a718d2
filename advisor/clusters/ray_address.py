"""Addresses of Ray clusters, and what can be told of them without Ray."""

from __future__ import annotations

import os
import socket
import sys
import time

from advisor.errors import UsageError

CONNECT_SECONDS = 10.0


def resolve(address: str) -> str:
    """Return the address to connect to.

    Args:
        address: "ray" (the cluster that this program is connected to, RAY_ADDRESS, or a cluster on this host),
            "ray://host:port", "host:port", or empty: the cluster that this program is connected to.
    """
    if address == "ray":
        return connected_address() or os.environ.get("RAY_ADDRESS") or "auto"
    if not address and not (address := connected_address()):
        raise UsageError("give the address of the Ray cluster, as in ray://host:port", field="cluster")
    return address


def connected_address() -> str:
    """Return the address of the cluster that this program is connected to; empty if there is none, or none is known."""
    ray = sys.modules.get("ray")
    if ray is None or not hasattr(ray, "is_initialized") or not ray.is_initialized():
        return ""
    try:
        return str(ray.get_runtime_context().gcs_address)
    except AttributeError:  # through Ray Client
        return ""


def check(address: str) -> None:
    """Raise UsageError if nothing answers: Ray itself would end the process after a minute."""
    if address != "auto" and not answers(address, CONNECT_SECONDS):
        raise UsageError(
            f"no Ray cluster answers at {address} within {CONNECT_SECONDS:g} s: check the address, that the head node "
            "is running, and that no firewall blocks the connection",
            field="cluster",
        )


def answers(address: str, seconds: float) -> bool:
    """Return True if the head node accepts connections, or does within so many seconds."""
    end = time.monotonic() + seconds
    while True:
        try:
            _connect(address, seconds)
        except ValueError:
            return False
        except OSError:
            if time.monotonic() > end:
                return False
            time.sleep(0.2)
        else:
            return True


def is_gone(address: str, seconds: float) -> bool | None:
    """Return True if the head node has ended, False if it answers, and None if the network is silent."""
    try:
        _connect(address, seconds)
    except ConnectionRefusedError:
        return True
    except OSError:
        return None
    return False


def _connect(address: str, seconds: float) -> None:
    host, _, port = address.removeprefix("ray://").partition("/")[0].rpartition(":")
    socket.create_connection((host.strip("[]"), int(port)), timeout=seconds).close()
