"""The networks between this host and its namespaces, which the benchmark of clusters uses."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import networks
from benchmarks.network_relay import QUEUE_SECONDS, Direction
from benchmarks.networks import Measured, NoNetworkError, network, table

DELAY = 0.5
RATE = 1000.0  # bytes a second


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket, Direction]]:
    """A direction between two sockets that keep packets apart, as devices do."""
    pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(2)]
    (sender, source), (sink, receiver) = pairs
    with sender, source, sink, receiver:
        source.setblocking(False)
        receiver.setblocking(False)
        yield sender, receiver, Direction(source.fileno(), sink.fileno(), DELAY, RATE)


Ends = tuple[socket.socket, socket.socket, Direction]


def received(receiver: socket.socket) -> list[bytes]:
    packets = []
    while True:
        try:
            packets.append(receiver.recv(1000))
        except BlockingIOError:
            return packets


class TestRelay:
    def test_a_packet_arrives_after_sending_and_delay(self, ends: Ends) -> None:
        """Ten bytes take 10 ms to send, and arrive the delay after that."""
        sender, receiver, direction = ends
        sender.send(bytes(10))
        direction.accept(100.0, is_cut=False)
        assert direction.due() == pytest.approx(100.0 + 0.010 + DELAY)
        direction.deliver(100.5)
        assert received(receiver) == []
        direction.deliver(100.511)
        assert received(receiver) == [bytes(10)]
        assert direction.due() == float("inf")

    def test_packets_wait_for_those_before_them(self, ends: Ends) -> None:
        """The second packet is sent when the first has been, and order is kept."""
        sender, receiver, direction = ends
        sender.send(b"first" * 4)
        sender.send(b"second" * 5)
        direction.accept(0.0, is_cut=False)
        direction.deliver(0.020 + DELAY)
        assert received(receiver) == [b"first" * 4]
        direction.deliver(0.050 + DELAY)
        assert received(receiver) == [b"second" * 5]

    def test_a_full_buffer_loses_packets(self, ends: Ends) -> None:
        """Packets that would wait longer than the buffer lasts are lost."""
        sender, receiver, direction = ends
        fits = int(QUEUE_SECONDS * RATE)
        for length in (fits + 1, 1):
            sender.send(bytes(length))
        direction.accept(0.0, is_cut=False)
        direction.deliver(10.0)
        assert [len(packet) for packet in received(receiver)] == [fits + 1]

    def test_a_cut_loses_packets(self, ends: Ends) -> None:
        """Packets that are sent during a cut never arrive; those on their way do."""
        sender, receiver, direction = ends
        sender.send(b"before")
        direction.accept(0.0, is_cut=False)
        sender.send(b"during")
        direction.accept(0.1, is_cut=True)
        direction.deliver(10.0)
        assert received(receiver) == [b"before"]


def _can_make_networks() -> bool:
    try:
        networks.check()
    except NoNetworkError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.skipif(not _can_make_networks(), reason="networks need root, iproute2 and /dev/net/tun")
class TestNetwork:
    def test_another_host_is_reached(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A TCP connection to the namespace takes the delay, and survives a cut."""
        monkeypatch.setattr(networks, "PAYLOAD", 100_000)
        monkeypatch.setattr(networks, "ECHOES", 3)
        with network(0.05) as made:
            assert networks.measure(made).round_trip >= 0.05
            made.cut(0.5)
            assert networks.measure(made).round_trip >= 0.05

    def test_nothing_is_left(self) -> None:
        """After an interruption neither the namespace nor the devices are there."""
        made = []

        def interrupted() -> None:
            with network(0.001) as each:
                made.append(each)
                assert each.namespace in _namespaces()
                assert f"{each.namespace}n" in _devices()
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert made[0].namespace not in _namespaces()
        assert f"{made[0].namespace}n" not in _devices()
        assert not made[0].relay.is_running()


def _devices() -> list[str]:
    return [device.name for device in Path("/sys/class/net").iterdir()]


def _namespaces() -> list[str]:
    done = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
    return [line.split()[0] for line in done.stdout.splitlines()]


def test_without_root_the_reason_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that cannot make networks says what is missing."""
    monkeypatch.setattr(networks.sys, "platform", "linux")
    monkeypatch.setattr(networks.os, "geteuid", lambda: 1000)
    with pytest.raises(NoNetworkError, match="need root"):
        networks.check()


def test_the_table_has_a_row_for_each_network() -> None:
    """Seconds and bytes are written as ms and Mbit/s."""
    assert table([(0.02, Measured(0.0203, 12e6, 11.5e6, 0.08))]).splitlines()[2:] == ["| 20 | 20.30 | 96 | 92 | 8% |"]
