"""A child process that may do whatever it likes, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from advisor.errors import TargetError, UsageError
from advisor.target import sandbox_supervisor

ENTRIES = """
import os, signal, subprocess, sys, threading, time
from advisor.errors import UsageError

def add(request, send):
    send({"doing": "adding", "fraction": 0.5})
    return {"sum": request["a"] + request["b"]}

def wrong(request, send):
    raise UsageError("no such thing")

def fails(request, send):
    print("before the end")
    raise ValueError("broken")

def leaves(request, send):
    send({"doing": "call 3 of f"})
    os._exit(7)

def crashes(request, send):
    send({"doing": "call 3 of f"})
    print("last words", flush=True)
    os.kill(os.getpid(), signal.SIGSEGV)

def hangs(request, send):
    send({"doing": "call 3 of f", "so_far": "2 calls"})
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("x" * 100)
    time.sleep(100)

def interrupts(request, send):
    send({"so_far": "2 calls", "process": os.getpid()})
    time.sleep(0.3)
    os.kill(request["parent"], signal.SIGINT)
    time.sleep(100)

def chatty(request, send):
    for _ in range(200):
        print("y" * 9_999)
        print("z" * 9_999, file=sys.stderr)
    os.write(1, b"raw")
    os.write(2, b"raw")
    return {}

def leaves_processes(request, send):
    command = [sys.executable, "-c", "import time; time.sleep(100)"]
    plain = subprocess.Popen(command)
    apart = subprocess.Popen(command, start_new_session=True)
    threading.Thread(target=time.sleep, args=(100,)).start()
    return {"left": [plain.pid, apart.pid]}

ORPHAN = '''
import subprocess, sys
command = [sys.executable, "-c", "import time; time.sleep(100)"]
child = subprocess.Popen(command, env={}, start_new_session=True, stdout=subprocess.DEVNULL)
print(child.pid)
'''

def leaves_hidden_processes(request, send):
    command = [sys.executable, "-c", "import time; time.sleep(100)"]
    hidden = subprocess.Popen(command, env={}, start_new_session=True)
    orphan = subprocess.check_output([sys.executable, "-c", ORPHAN])
    send({"process": os.getpid(), "left": [hidden.pid, int(orphan)]})
    if request["end"] == "exit":
        os._exit(7)
    if request["end"] == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if request["end"] == "hang":
        time.sleep(100)
    return {}

def closes_everything(request, send):
    os.closerange(3, 1000)
    return {}

def forks(request, send):
    if os.fork() == 0:
        return {"who": "copy"}
    time.sleep(0.2)
    return {"who": "original"}

def reads(request, send):
    return {"read": sys.stdin.read()}
"""


Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return `sandbox_supervisor.run` of one of the entries above."""
    (tmp_path / "sandbox_entries.py").write_text(ENTRIES)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def call(name: str, request: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        return sandbox_supervisor.run(f"sandbox_entries:{name}", request or {}, **{"timeout": 20, **options})

    return call


def is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


def test_an_answer_and_messages_come_back(run: Run) -> None:
    """What the entry returns is the answer; what it sends arrives in between."""
    heard: list[dict[str, Any]] = []
    assert run("add", {"a": 2, "b": 3}, on_message=heard.append)["sum"] == 5
    assert heard == [{"doing": "adding", "fraction": 0.5}]


def test_errors_of_ours_keep_their_kind(run: Run) -> None:
    """A UsageError in the child is one in the parent; anything else is the target's failure, with its output."""
    with pytest.raises(UsageError, match="no such thing"):
        run("wrong")
    with pytest.raises(TargetError, match="the target raised ValueError: broken") as caught:
        run("fails")
    assert caught.value.output == "before the end\n"


def test_a_child_that_exits_crashes_or_hangs_is_reported(run: Run) -> None:
    """The status, the signal or the time-out is named, and what the child was at; SIGTERM may be ignored."""
    with pytest.raises(TargetError, match="call 3 of f ended the process with status 7"):
        run("leaves")
    with pytest.raises(TargetError, match="call 3 of f crashed the process with SIGSEGV") as caught:
        run("crashes")
    assert "last words" in caught.value.output
    with pytest.raises(TargetError, match=r"call 3 of f did not finish within 0.5 s"):
        run("hangs", timeout=0.5)
    with pytest.raises(TargetError, match="closed file descriptors that belong to advisor"):
        run("closes_everything")


def test_whatever_is_printed_is_counted_and_its_tail_is_kept(run: Run) -> None:
    """Both streams and raw descriptors, more than a pipe holds."""
    assert run("chatty")["output_bytes"] == 200 * 20_000 + 6


def test_processes_and_threads_left_behind_are_ended(run: Run) -> None:
    """Also those that made a session of their own."""
    left = run("leaves_processes")["left"]
    assert not any(is_alive(process) for process in left)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the kernel gives orphans to the guard")
@pytest.mark.parametrize("end", ["answer", "exit", "crash", "hang"])
def test_processes_without_our_mark_are_ended_too(run: Run, end: str) -> None:
    """With an environment and a session of their own, also when their parent is gone, however the child ends."""
    left: list[int] = []
    with contextlib.suppress(TargetError):
        run("leaves_hidden_processes", {"end": end}, timeout=5, on_message=lambda message: left.extend(message["left"]))
    assert len(left) == 2
    assert not any(is_alive(process) for process in left)


def test_a_fork_that_comes_back_does_not_answer(run: Run) -> None:
    """Only the process that was asked does."""
    assert run("forks")["who"] == "original"


def test_standard_input_is_empty(run: Run) -> None:
    """The child cannot take what was typed for somebody else."""
    assert run("reads")["read"] == ""


PROGRAM = """
import os
from advisor.target import sandbox_supervisor

def report(message):
    print(message.get("process"), *message.get("left", []), flush=True)

try:
    sandbox_supervisor.run("sandbox_entries:ENTRY", REQUEST, timeout=60, on_message=report)
except sandbox_supervisor.Interrupted as error:
    print(error)
"""


@pytest.fixture
def parent(run: Run) -> Callable[[str, str], subprocess.Popen[str]]:
    """Start a program that runs an entry and prints the processes that it tells of."""

    def start(entry: str, request: str) -> subprocess.Popen[str]:
        program = PROGRAM.replace("ENTRY", entry).replace("REQUEST", request)
        return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)

    return start


def test_an_interrupt_ends_the_child_and_says_what_was_done(parent: Any) -> None:
    """Ctrl-C in the parent: the child is gone, and the error tells how far it was."""
    with parent("interrupts", '{"parent": os.getpid()}') as program:
        output, _ = program.communicate(timeout=30)
    child, words = output.splitlines()
    assert words == "2 calls"
    assert not is_alive(int(child))


def test_the_child_dies_with_a_parent_that_is_killed(parent: Any) -> None:
    """Even SIGKILL of the parent leaves no child, and on Linux nothing that the child started."""
    with parent("leaves_hidden_processes", '{"end": "hang"}') as program:
        child, *left = map(int, program.stdout.readline().split())
        program.send_signal(signal.SIGKILL)
    processes = [child, *left] if sys.platform == "linux" else [child]
    for _ in range(100):
        if not any(is_alive(process) for process in processes):
            break
        time.sleep(0.05)
    assert not any(is_alive(process) for process in processes)
