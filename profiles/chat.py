"""A chat over a socket: every exchange waits for the server, and all of them write to one shared history."""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator

from profiles import loopback

HISTORY: deque[str] = deque(maxlen=1_000)
HISTORY_LOCK = threading.Lock()


def say(message: tuple[int, str, str, str]) -> int:
    """Join a room, say three lines, and note in the shared history what everyone in the room then hears."""
    port, room, name, text = message
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection, connection.makefile("rw") as line:
        line.write(f"JOIN {room} {name} 8\n")
        line.flush()
        line.readline()
        heard = 0
        for number in range(3):
            line.write(f"{text} {number}\n")
            line.flush()
            heard += note_until(line.readline, f"{name}: {text} {number}\n")
        return heard


def note_until(read_line: Callable[[], str], own: str) -> int:
    """Note the lines of the room until our own returns; return how many there were."""
    for heard, line in enumerate(iter(read_line, ""), start=1):
        with HISTORY_LOCK:
            HISTORY.append(line)
        if line == own:
            return heard
    raise ConnectionError("the chat server hung up")


def say_inputs() -> Iterator[tuple[int, str, str, str]]:
    """100 messages in 10 rooms; a line takes 8 ms to come back."""
    for index in range(100):
        yield loopback.port(), f"room-{index % 10}", f"user-{index}", "hello everyone"
