"""Run calls in child processes of a cluster's worker: calls that may kill their process, or have to be ended.

Like `cluster_program`, this is sent by value.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Sequence
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

import cloudpickle

from advisor.jobs.pools import pickles
from advisor.jobs.pools.cluster_program import Payload
from advisor.jobs.pools.pool import Done
from advisor.jobs.pools.processes import describe_end
from advisor.jobs.pools.worker_messages import Message, encode

_BOOT = """\
import sys, pickle
from multiprocessing.connection import Connection
connection = Connection(int(sys.argv[1]))
sys.path[:] = pickle.loads(connection.recv_bytes())
pickle.loads(connection.recv_bytes())(connection)
"""
_IDLE_SECONDS = 10.0  # after which a child without a call ends
_EXIT_SECONDS = 5.0
_STARTS = 3  # of a child that ends before it has begun a call


class ChildEndedError(Exception):
    """The child process has ended; the text says how."""


class ChildProgram:
    """Runs each call of a chunk in a child process, by itself.

    Args:
        program: The pickled program that the child runs.
        timeout: Seconds after which a call is ended, with its child.
    """

    def __init__(self, program: bytes, timeout: float | None) -> None:
        self._program = program
        self._timeout = timeout
        self._idle: list[Child] = []
        weakref.finalize(self, _kill_all, self._idle)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._program, self._timeout)

    def __call__(self, payload: bytes, *shared: bytes) -> bytes:
        """Run the calls, and return a pickled list with an encoded message for each.

        The message of a call whose process has died is `lost`, and says how.
        """
        keys, batches, places = pickle.loads(payload)
        messages = []
        for number, (key, batch) in enumerate(zip(keys, batches, strict=True)):
            mine = [place for place in places if place[0] == number]
            used = sorted({place[2] for place in mine})
            part = Payload([key], [batch], [(0, place[1], used.index(place[2])) for place in mine])
            messages.append(self._run_alone(key, [pickle.dumps(tuple(part), 5), *(shared[i] for i in used)]))
        return pickle.dumps(messages, 5)

    def _run_alone(self, key: int, parts: Sequence[bytes]) -> bytes:
        child = self._begin(parts)
        if isinstance(child, bytes):
            return child
        try:
            reply = child.receive(self._timeout)
        except ChildEndedError as error:
            return encode(Message(0, finished=True, lost=str(error)), pickles.dumps)
        except TimeoutError:
            child.kill()
            assert self._timeout is not None
            late = TimeoutError(f"the call took longer than {self._timeout:g} s")
            return encode(Message(0, [Done(key, late, True, self._timeout, None)], finished=True), pickles.dumps)
        self._idle.append(child)
        return reply

    def _begin(self, parts: Sequence[bytes]) -> Child | bytes:
        """Return a child that has begun the call, or the message that says why none can."""
        failed_starts = 0
        while True:
            child = self._take_child()
            is_new = child.is_new
            try:
                if is_new and (problem := child.receive(None)):
                    return problem
                child.send(pickle.dumps(len(parts)), *parts)
                child.receive(None)
            except ChildEndedError:  # it may have ended by itself because it was idle
                failed_starts += is_new
                if failed_starts == _STARTS:
                    raise
            else:
                return child

    def _take_child(self) -> Child:
        try:
            return self._idle.pop()
        except IndexError:
            return Child(self._program)


class Child:
    """A process that runs a program for its parent.

    Attributes:
        is_new: It has not said yet that it has loaded the program.
    """

    def __init__(self, program: bytes) -> None:
        self.is_new = True
        self._connection, theirs = Pipe()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _BOOT, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # it is killed with its descendants
            )
        threading.Thread(target=self._process.wait, daemon=True).start()  # leaves no zombie
        self.send(pickle.dumps(sys.path), cloudpickle.dumps(partial(serve, program)))

    def send(self, *parts: bytes) -> None:
        """Send messages; that the child has ended is noticed when its answer is read."""
        with contextlib.suppress(OSError):
            for part in parts:
                self._connection.send_bytes(part)

    def receive(self, timeout: float | None) -> bytes:
        """Return the next message of the child.

        Raises:
            TimeoutError: It has not come in time.
            ChildEndedError: It will not come.
        """
        try:
            if not self._connection.poll(timeout):
                raise TimeoutError
            message = self._connection.recv_bytes()
        except (EOFError, ConnectionError):
            self.kill(_EXIT_SECONDS)
            raise ChildEndedError(describe_end(self._process.returncode)) from None
        self.is_new = False
        return message

    def kill(self, patience: float = 0.0) -> None:
        """End the child and its descendants, after so many seconds for it to end by itself."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        with contextlib.suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_EXIT_SECONDS)
        self._connection.close()


def serve(program: bytes, connection: Connection) -> None:
    """Run the calls that come over a connection, in a child process, until there are none for a while."""
    os.dup2(2, 1)  # what calls print goes where the worker's log goes
    threading.Thread(target=_end_with_parent, args=(connection.fileno(),), daemon=True).start()
    run = pickle.loads(program)
    problem = run.load()
    connection.send_bytes(b"" if problem is None else encode(problem, pickles.dumps))
    while problem is None and connection.poll(_IDLE_SECONDS):
        count = pickle.loads(connection.recv_bytes())
        parts = [connection.recv_bytes() for _ in range(count)]
        connection.send_bytes(b"")  # the call has begun
        connection.send_bytes(run(*parts))
        sys.stdout.flush()
    os._exit(0)  # threads that calls have left must not keep it alive


def _end_with_parent(descriptor: int) -> None:
    """End this process and its descendants when the other end of the connection is closed."""
    poll = select.poll()
    poll.register(descriptor, 0)  # the end is reported in any case
    poll.poll()
    os.killpg(0, signal.SIGKILL)


def _kill_all(children: list[Child]) -> None:
    while children:
        children.pop().kill()
