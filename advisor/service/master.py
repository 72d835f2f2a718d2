"""Gunicorn's master, which a wrong reload does not end, and whose end loses no connection."""

from __future__ import annotations

import ctypes
import socket
import struct
import sys
from contextlib import suppress
from typing import Any

from gunicorn.arbiter import Arbiter

_ATTACH_FILTER = 26  # SO_ATTACH_FILTER, which `socket` does not know
_OPENS_NONE = (  # classic BPF, for the packets of a listener: code, jumps if it is so and if not, operand
    (0x30, 0, 0, 13),  # load the byte with the flags of the TCP header
    (0x45, 0, 1, 0x02),  # SYN?
    (0x06, 0, 0, 0),  # then as if it had not come
    (0x06, 0, 0, 0xFFFFFFFF),  # else all of it
)


class Master(Arbiter):  # type: ignore[misc]
    """Keeps the workers alive, as gunicorn's own does."""

    def handle_hup(self) -> None:
        """Reads the settings before any worker is ended: if they are wrong, nothing changes."""
        try:
            self.app.read_settings()
        except Exception as error:  # noqa: BLE001  (whatever it is, it must not end the service)
            self.log.error("Nothing is reloaded, the settings of before hold: %s", error)
            return
        super().handle_hup()

    def stop(self, graceful: bool = True) -> None:
        """What waits to be accepted is all that will, so that the workers can take it in and close the listener."""
        if self.reexec_pid == self.master_pid == 0:  # else another master has the same listener
            for listener in self.LISTENERS:
                open_no_more(listener)
        super().stop(graceful)


def open_no_more(listener: Any) -> None:
    """Lets connections that are open wait to be accepted, and opens no other, for every process that has this listener.

    Who asks for one meanwhile asks again after a second, as if the packet had been lost, and is refused if the listener
    is closed by then. Without this, those who come between the last `accept` and the closing are reset.
    """
    if sys.platform != "linux":
        return
    program = b"".join(struct.pack("HBBI", *step) for step in _OPENS_NONE)
    steps = ctypes.create_string_buffer(program)
    attached = struct.pack("HP", len(_OPENS_NONE), ctypes.addressof(steps))
    with suppress(OSError):  # where that is forbidden, it is as it is without
        listener.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, attached)
