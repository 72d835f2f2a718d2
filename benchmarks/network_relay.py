"""Forward packets between two TUN devices, late and at a limited rate, as a network between two hosts would.

    python -m benchmarks.network_relay NEAR FAR --delay SECONDS --rate BYTES_A_SECOND

Creates the devices, prints "ready" and forwards packets in both directions until standard input ends; the devices go
with the process. A line `cut SECONDS` on standard input loses all packets for so long. Netem does the same in the
kernel, where the kernel has it; this needs no more than root and `/dev/net/tun`.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import select
import struct
import sys
import time
from collections import deque
from contextlib import suppress
from typing import Final

PRIORITY: Final = -15  # the delay should not depend on what else the host does
QUEUE_SECONDS: Final = 0.1  # sent later, packets are lost: the buffer of a router
PACKETS_AT_ONCE: Final = 64
MAX_PACKET: Final = 65_536
TUNSETIFF: Final = 0x400454CA  # from linux/if_tun.h, as the flags
IFF_TUN: Final = 0x0001
IFF_NO_PI: Final = 0x1000


def open_tun(name: str) -> int:
    """Create a TUN device and return its non-blocking file descriptor; the device goes when that is closed."""
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return device


class Direction:
    """Packets on their way from one device to the other.

    Args:
        source: File descriptor of the device that the packets leave.
        sink: File descriptor of the device that they reach.
        delay: Seconds from the end of sending to the arrival.
        rate: Bytes a second.
    """

    def __init__(self, source: int, sink: int, delay: float, rate: float) -> None:
        self.source = source
        self._sink = sink
        self._delay = delay
        self._rate = rate
        self._on_the_way: deque[tuple[float, bytes]] = deque()
        self._idle_from = 0.0

    def accept(self, now: float, *, is_cut: bool) -> None:
        """Read what the source has sent, and lose what a full buffer or a cut loses."""
        for _ in range(PACKETS_AT_ONCE):
            try:
                packet = os.read(self.source, MAX_PACKET)
            except OSError:  # no more packets, or the device is not up
                return
            begins = max(self._idle_from, now)
            if is_cut or begins - now > QUEUE_SECONDS:
                continue
            self._idle_from = begins + len(packet) / self._rate
            self._on_the_way.append((self._idle_from + self._delay, packet))

    def deliver(self, now: float) -> None:
        """Write the packets that have arrived."""
        while self._on_the_way and self._on_the_way[0][0] <= now:
            with suppress(OSError):  # the device is not up, or its buffer is full: lost
                os.write(self._sink, self._on_the_way.popleft()[1])

    def due(self) -> float:
        """Return the time at which the next packet arrives."""
        return self._on_the_way[0][0] if self._on_the_way else float("inf")


def forward(directions: tuple[Direction, Direction]) -> None:
    """Forward packets until standard input ends."""
    watched = [sys.stdin.fileno(), *(each.source for each in directions)]
    cut_until = 0.0
    while True:
        wait = min(each.due() for each in directions) - time.monotonic()
        ready, _, _ = select.select(watched, [], [], None if wait == float("inf") else max(0.0, wait))
        now = time.monotonic()
        if sys.stdin.fileno() in ready:
            command = os.read(sys.stdin.fileno(), 100).split()
            if not command:
                return
            cut_until = now + float(command[1])
        for each in directions:
            if each.source in ready:
                each.accept(now, is_cut=now < cut_until)
            each.deliver(now)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("near")
    parser.add_argument("far")
    parser.add_argument("--delay", type=float, required=True, help="seconds in each direction")
    parser.add_argument("--rate", type=float, required=True, help="bytes a second in each direction")
    given = parser.parse_args()
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
    near, far = open_tun(given.near), open_tun(given.far)
    print("ready", flush=True)
    forward((Direction(near, far, given.delay, given.rate), Direction(far, near, given.delay, given.rate)))


if __name__ == "__main__":
    main()
