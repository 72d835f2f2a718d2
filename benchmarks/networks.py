"""A network namespace that this host reaches over a slow network: another host, as far as processes can tell.

    python -m benchmarks.networks [--round-trip 0.001 0.02] [--rate 12.5e6]

makes such networks and prints the round trip and the rate that a TCP connection really gets, and their cost.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import IO, Final

import psutil

from benchmarks.sessions import running_command
from benchmarks.tables import markdown

HUNDRED_MEGABIT: Final = 12.5e6  # bytes a second
MTU: Final = 9000  # bytes; large packets cost the relay less
RESERVED: Final = IPv4Network("198.18.0.0/15")  # for benchmarks of networks, by RFC 2544
SUBNETS: Final = RESERVED.num_addresses // 4
_made = itertools.count(os.getpid() * 64)
ECHO_PORT: Final = 7777
ECHOES: Final = 100
PAYLOAD: Final = 20_000_000  # bytes
START_SECONDS: Final = 20.0


class NoNetworkError(Exception):
    """This host cannot make a network namespace; the text says why."""


@dataclass(frozen=True)
class Network:
    """A namespace at the other end of a network.

    Attributes:
        namespace: Its name.
        address: The address of the other end.
        relay: The process that forwards the packets.
    """

    namespace: str
    address: str
    relay: psutil.Process
    control: IO[bytes]

    @property
    def prefix(self) -> tuple[str, ...]:
        """The words that make a command run at the other end."""
        return "ip", "netns", "exec", self.namespace

    def cut(self, seconds: float) -> None:
        """Lose all packets for so long, from now on."""
        self.control.write(f"cut {seconds}\n".encode())
        self.control.flush()


@contextlib.contextmanager
def network(round_trip: float, rate: float = HUNDRED_MEGABIT) -> Iterator[Network]:
    """Make a namespace and a network to it; remove both at the end.

    Args:
        round_trip: Seconds that the network adds to a round trip, half of them each way.
        rate: Bytes a second in each direction.

    Raises:
        NoNetworkError: This host has no such thing, or this user may not.
    """
    check()
    number = next(_made) % SUBNETS
    here, there = (str(RESERVED[4 * number + end]) for end in (1, 2))
    namespace, near, far = f"advisor{number}", f"advisor{number}n", f"advisor{number}f"
    with _namespace(namespace), _relay(near, far, round_trip / 2, rate) as relay:
        assert relay.stdin is not None
        _ip("link", "set", far, "netns", namespace)
        _configure(near, here, ())
        _configure(far, there, ("-n", namespace))
        _ip("-n", namespace, "link", "set", "lo", "up")
        yield Network(namespace, there, psutil.Process(relay.pid), relay.stdin)


def check() -> None:
    """Raise NoNetworkError if this host cannot make a network."""
    if sys.platform != "linux":
        raise NoNetworkError("networks need Linux")
    if os.geteuid():
        raise NoNetworkError("networks need root: they are made of a network namespace and TUN devices")
    if shutil.which("ip") is None:
        raise NoNetworkError("networks need the command ip (iproute2)")
    if not Path("/dev/net/tun").exists():
        raise NoNetworkError("networks need /dev/net/tun")


@contextlib.contextmanager
def _namespace(name: str) -> Iterator[None]:
    _ip("netns", "add", name)
    try:
        yield
    finally:
        _ip("netns", "delete", name)


@contextlib.contextmanager
def _relay(near: str, far: str, delay: float, rate: float) -> Iterator[subprocess.Popen[bytes]]:
    command = (sys.executable, "-m", "benchmarks.network_relay", near, far, "--delay", str(delay), "--rate", str(rate))
    with running_command(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as relay:
        assert relay.stdin is not None
        assert relay.stdout is not None
        with relay.stdin, relay.stdout:
            if not relay.stdout.readline():
                raise NoNetworkError("the TUN devices cannot be made")
            yield relay


def _configure(device: str, address: str, options: Sequence[str]) -> None:
    _ip(*options, "address", "add", f"{address}/30", "dev", device)
    _ip(*options, "link", "set", device, "mtu", str(MTU), "up")


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise NoNetworkError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


# What it gives


@dataclass(frozen=True)
class Measured:
    """The figures of a network, seen by a TCP connection."""

    round_trip: float  # seconds, median
    rate: float  # bytes a second, from here to there
    return_rate: float
    relay_share: float  # of a core, while data was sent at full rate


def measure(network: Network) -> Measured:
    """Measure a network with a TCP connection to a server at its other end."""
    server = (*network.prefix, sys.executable, "-m", "benchmarks.networks", "--serve")
    with running_command(server) as _, _connect(network.address) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        echoes = statistics.median(_exchange(connection, 1, 1) for _ in range(ECHOES))
        before, began = _cpu(network.relay), time.perf_counter()
        there = _exchange(connection, PAYLOAD, 1)
        back = _exchange(connection, 1, PAYLOAD)
        share = (_cpu(network.relay) - before) / (time.perf_counter() - began)
    return Measured(echoes, PAYLOAD / there, PAYLOAD / back, share)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _connect(address: str) -> socket.socket:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return socket.create_connection((address, ECHO_PORT), timeout=START_SECONDS)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _exchange(connection: socket.socket, there: int, back: int) -> float:
    """Send so many bytes, receive so many, and return the seconds."""
    began = time.perf_counter()
    connection.sendall(b"%10d%10d" % (there, back) + bytes(there))
    _receive(connection, back)
    return time.perf_counter() - began


def _receive(connection: socket.socket, count: int) -> bytes:
    """Receive so many bytes; return fewer if the other side has closed the connection."""
    blocks = []
    while count and (block := connection.recv(min(count, 1 << 20))):
        blocks.append(block)
        count -= len(block)
    return b"".join(blocks)


def serve() -> None:
    """Serve one connection of `measure`."""
    with socket.create_server(("", ECHO_PORT)) as server:
        connection, _ = server.accept()
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while header := _receive(connection, 20):
            _receive(connection, int(header[:10]))
            connection.sendall(bytes(int(header[10:])))


def table(rows: Sequence[tuple[float, Measured]]) -> str:
    columns = ("round trip asked for, ms", "measured, ms", "Mbit/s there", "Mbit/s back", "relay, share of a core")
    return markdown(
        columns,
        [
            (
                f"{1e3 * asked:g}",
                f"{1e3 * seen.round_trip:.2f}",
                f"{8e-6 * seen.rate:.0f}",
                f"{8e-6 * seen.return_rate:.0f}",
                f"{seen.relay_share:.0%}",
            )
            for asked, seen in rows
        ],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--round-trip", type=float, nargs="+", default=[0.001, 0.02], metavar="SECONDS")
    parser.add_argument("--rate", type=float, default=HUNDRED_MEGABIT, metavar="BYTES_A_SECOND")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve()
        return
    rows = []
    try:
        for round_trip in given.round_trip:
            with network(round_trip, given.rate) as made:
                rows.append((round_trip, measure(made)))
    except NoNetworkError as error:
        sys.exit(str(error))
    print(table(rows))


if __name__ == "__main__":
    main()
