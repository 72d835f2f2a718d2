"""Start the loopback server of the networked workloads, once for a process and the workers of its pools.

Inputs contain the address of the server, so workers use the server of the process that made the inputs. The server is
a process of its own, so that it does not take the GIL of the process being measured.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent

_server: subprocess.Popen[str] | None = None
_ports = (0, 0)


def port() -> int:
    """Return the port of the server; start it if it is not running."""
    return _running()[0]


def mail_port() -> int:
    """Return the port of the mail server."""
    return _running()[1]


def _running() -> tuple[int, int]:
    global _server, _ports
    if _server is None:
        # The server ends with the pipe to its standard input, which the system closes however this process ends.
        _server = subprocess.Popen(
            [sys.executable, "-m", "profiles.server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )
        atexit.register(_stop_as, os.getpid())
        assert _server.stdout is not None
        web, mail = _server.stdout.readline().split()
        _ports = int(web), int(mail)
        _server.stdout.close()
    return _ports


def url(path: str) -> str:
    return f"http://127.0.0.1:{port()}{path}"


def stop() -> None:
    """End the server; the next `port()` starts another."""
    global _server
    if _server is not None:
        server, _server = _server, None
        assert server.stdin is not None
        server.terminate()  # a fork of this process may still hold the pipe open
        server.stdin.close()
        server.wait()


def _stop_as(owner: int) -> None:
    """Stop the server unless this process is a fork, whose exit must not stop the server of its parent."""
    if os.getpid() == owner:
        stop()
