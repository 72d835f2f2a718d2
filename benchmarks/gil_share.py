"""Measure the accuracy of the profiler and its cost to the callable, for callables of known composition.

    python -m benchmarks.gil_share [--rounds N] [--seconds S] [--only NAME] [--watch WAY] [PYTHON ...]

Runs itself under each interpreter named (default: the running one and every python3.11 to python3.13 on the path that
can import pydantic). For each callable, in one process and in turn:

- *plain*: a loop, unprofiled, while a separate process reads the GIL's lock word some thousand times a second: the true
  GIL share. On 3.13 the word is found through the offsets that the interpreter publishes, not as the profiler does.
- *bare*: a loop without any observer: wall and CPU time.
- *profiled*, with each observer in turn: the profile, and the actual time of a call.

Prints a table for each interpreter, and the worst and mean errors. The observers of the GIL are "outside", a process
that reads the lock word; "file" (with `--watch`), the same through the file of this process's memory; and "inside", a
thread that counts its own context switches. "÷ bare" is the profiled call relative to the bare one, the median over the
rounds.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import hashlib
import json
import re
import shutil
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from itertools import repeat
from pathlib import Path
from statistics import fmean, median
from typing import TYPE_CHECKING
from unittest import mock

if TYPE_CHECKING:
    from advisor import Profile

WAYS = ("outside", "inside", "file")
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def spin(seconds: float) -> None:
    """Run Python code for this much CPU time of the thread."""
    ends = time.thread_time() + seconds
    while time.thread_time() < ends:
        pass


def python_loop() -> int:
    total = 0
    for i in range(20_000):
        total += i
    return total


_DOCUMENT = {str(i): list(range(10)) for i in range(200)}
_BLOB_3K, _BLOB_1M = b"x" * 3_000, b"x" * (1 << 20)
_BACKTRACKING = re.compile("(a+)+b")


def json_dumps() -> str:
    return json.dumps(_DOCUMENT)


def regular_expression() -> object:
    return _BACKTRACKING.match("a" * 16)


def sleeping() -> None:
    time.sleep(0.01)


def sha256_1m() -> bytes:
    return hashlib.sha256(_BLOB_1M).digest()


def zlib_1m() -> bytes:
    return zlib.compress(_BLOB_1M, 6)


def half_python_half_sleep() -> None:
    spin(0.005)
    time.sleep(0.005)


def a_fifth_python() -> None:
    spin(0.001)
    time.sleep(0.004)


def python_and_sha256() -> None:
    spin(0.008)
    for _ in range(3):
        hashlib.sha256(_BLOB_1M)


def python_sha256_sleep() -> None:
    spin(0.001)
    for _ in range(2):
        hashlib.sha256(_BLOB_1M)
    time.sleep(0.008)


def short_bursts() -> None:
    for _ in range(10):
        spin(0.0002)
        time.sleep(0.00014)


def sha256_3k() -> None:
    for _ in range(100):
        hashlib.sha256(_BLOB_3K)


def tiny() -> int:
    return 1


CALLABLES: dict[str, Callable[[], object]] = {
    "pure Python loop": python_loop,
    "json.dumps": json_dumps,
    "re, backtracking": regular_expression,
    "a function of nothing": tiny,
    "time.sleep": sleeping,
    "sha256 of 1 MiB": sha256_1m,
    "zlib of 1 MiB": zlib_1m,
    "5 ms Python + 5 ms sleep": half_python_half_sleep,
    "1 ms Python + 4 ms sleep": a_fifth_python,
    "8 ms Python + 2 ms sha256": python_and_sha256,
    "1 ms Python + 1 ms sha256 + 8 ms sleep": python_sha256_sleep,
    "0.2 ms Python + 0.14 ms sleep, repeated": short_bursts,
    "sha256 of 3 KB blobs": sha256_3k,
}


def published_lock_word() -> int | None:
    """Return the address of `locked`, from the offsets that CPython 3.13 publishes at the start of `_PyRuntime`."""
    if sys.version_info[:2] != (3, 13):
        return None  # the table of offsets differs between versions
    runtime = ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, "_PyRuntime"))
    cookie, _version, free_threaded, _size, _finalizing, head = struct.unpack("=8sQQQQQ", ctypes.string_at(runtime, 48))
    if cookie != b"xdebugpy" or free_threaded:
        return None
    # size, id, next, threads_head, gc, imports_modules, sysdict, builtins, ceval_gil, gil_runtime_state, …_enabled,
    # …_locked, …_holder: offsets into PyInterpreterState
    fields = struct.unpack("=13Q", ctypes.string_at(runtime + 48, 13 * 8))
    gil_locked = fields[11]
    interpreter = ctypes.c_void_p.from_address(runtime + head).value or 0
    return interpreter + gil_locked


def lock_word() -> int:
    from advisor.measure.gil import locate

    published = published_lock_word()
    if published is not None:
        return published
    found = locate.find_lock_word()
    if found is None:
        raise SystemExit("no lock word was found in this interpreter")
    return found.address + 8


_READER = """
import ctypes, random, sys, time
class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
process, address = int(sys.argv[1]), int(sys.argv[2])
libc = ctypes.CDLL(None)
libc.prctl(29, 1)
word = ctypes.c_int()
here, there = Vector(ctypes.addressof(word), 4), Vector(address, 4)
read, draw = libc.process_vm_readv, random.Random().expovariate
looks = taken = 0
sys.stdout.write("+"); sys.stdout.flush()
import select
while not select.select([sys.stdin], [], [], 0)[0]:
    if read(process, ctypes.byref(here), 1, ctypes.byref(there), 1, 0) != 4:
        sys.exit(1)
    looks += 1; taken += word.value
    time.sleep(draw(4000))
print(taken / looks)
"""


def true_share(function: Callable[[], object], seconds: float) -> float:
    """Return the share of the time that the GIL is held while `function` is called in a loop, read from outside."""
    import os

    ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)
    reader = subprocess.Popen(
        [sys.executable, "-c", _READER, str(os.getpid()), str(lock_word())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert reader.stdout is not None
    reader.stdout.read(1)
    loop(function, seconds)
    return float(reader.communicate(b"stop\n")[0])


def loop(function: Callable[[], object], seconds: float) -> tuple[float, float]:
    """Return the wall and CPU seconds per call of a bare loop; short calls run in batches."""
    size, calls, wall, cpu = 1, 0, 0.0, 0.0
    ends = time.perf_counter() + seconds
    while time.perf_counter() < ends:
        began, cpu_began = time.perf_counter(), time.process_time()
        for _ in repeat(None, size):
            function()
        took = time.perf_counter() - began
        cpu += time.process_time() - cpu_began
        wall += took
        calls += size
        if took < 0.0025:
            size *= 2
    return wall / calls, cpu / calls


def profiled(function: Callable[[], object], budget: float, way: str) -> Profile:
    import advisor
    from advisor.measure.gil import observer_process

    if way != "file":
        return advisor.measure.profiler.profile(function, budget=budget, watch=way)  # type: ignore[arg-type]
    with mock.patch.object(observer_process, "BY_CALL", False):
        return advisor.measure.profiler.profile(function, budget=budget)


def measure(name: str, rounds: int, seconds: float, ways: Sequence[str]) -> dict[str, float | str]:
    function = CALLABLES[name]
    loop(function, 0.1)
    truth: list[float] = []
    shares: dict[str, list[float]] = {way: [] for way in ways}
    ratios: dict[str, list[float]] = {way: [] for way in ways}
    cpu_ratios: dict[str, list[float]] = {way: [] for way in ways}
    source = {}
    for _ in range(rounds):
        truth.append(true_share(function, seconds))
        for watch in ways:
            gc.collect()
            before = loop(function, seconds / 2)
            profile = profiled(function, seconds * 1.2, watch)
            after = loop(function, seconds / 2)
            wall, cpu = (before[0] + after[0]) / 2, (before[1] + after[1]) / 2
            assert profile.gil_held is not None
            assert profile.gil_free is not None
            shares[watch].append(profile.gil_held / profile.wall)
            ratios[watch].append(profile.wall / wall)
            cpu_ratios[watch].append((profile.gil_held + profile.gil_free) / cpu)
            source[watch] = profile.gil_source
    row: dict[str, float | str] = {"name": name, "truth": median(truth)}
    for watch in ways:
        row[watch] = median(shares[watch])
        row[watch + "_error"] = fmean(abs(s - median(truth)) for s in shares[watch])
        row[watch + "_worst"] = max(abs(s - median(truth)) for s in shares[watch])
        row[watch + "_wall"] = median(ratios[watch])
        row[watch + "_cpu"] = median(cpu_ratios[watch])
        row[watch + "_source"] = str(source[watch])
    return row


def report(rows: list[dict[str, float | str]], version: str, ways: Sequence[str]) -> str:
    sources = " and ".join(f"{way} ({rows[0][way + '_source']})" for way in ways)
    lines = [
        f"{version}: {sources}",
        "",
        "| callable | true GIL share |" + "".join(f" {way} | wall, CPU ÷ bare |" for way in ways),
        "| --- | ---: |" + " ---: | ---: |" * len(ways),
    ]
    for row in rows:
        cells = (f" {row[way]:.3f} | {row[way + '_wall']:.3f}, {row[way + '_cpu']:.3f} |" for way in ways)
        lines.append(f"| {row['name']} | {row['truth']:.3f} |" + "".join(cells))
    for watch in ways:
        errors = [float(row[watch + "_error"]) for row in rows]
        worst = max(rows, key=lambda row: float(row[watch + "_worst"]))
        slow = [float(row[watch + "_wall"]) for row in rows]
        cpu = [
            float(row[watch + "_cpu"]) for row in rows if float(row["truth"]) > 0.01 or "sleep" not in str(row["name"])
        ]
        lines.append("")
        lines.append(
            f"{watch}: error of the GIL share {fmean(errors):.3f} on average, "
            f"{float(worst[watch + '_worst']):.3f} at worst ({worst['name']}); "
            f"wall against bare {median(slow):.3f} (from {min(slow):.3f} to {max(slow):.3f}), "
            f"CPU {median(cpu):.3f} (from {min(cpu):.3f} to {max(cpu):.3f})"
        )
    return "\n".join(lines)


def interpreters() -> list[str]:
    """Return this interpreter, and others on the path that can import pydantic."""
    found = [sys.executable]
    for name in ("python3.11", "python3.12", "python3.13"):
        path = shutil.which(name)
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        if path and not name.endswith(version) and _can_import(path):
            found.append(path)
    return found


def _can_import(python: str) -> bool:
    return subprocess.run([python, "-c", "import pydantic"], capture_output=True, check=False).returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pythons", nargs="*", metavar="PYTHON")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each measurement")
    parser.add_argument("--only", default="", help="callables whose name contains this")
    parser.add_argument(
        "--watch",
        action="append",
        choices=WAYS,
        help="an observer; may be repeated; default: outside, inside",
    )
    parser.add_argument("--here", action="store_true", help="only this interpreter; one line of JSON per callable")
    options = parser.parse_args()
    names = [name for name in CALLABLES if options.only in name]
    ways = options.watch or WAYS[:2]
    if options.here:
        for name in names:
            print(json.dumps(measure(name, options.rounds, options.seconds, ways)), flush=True)
        return
    for python in options.pythons or interpreters():
        version = subprocess.check_output(
            [python, "-c", "import sys; print('CPython', sys.version.split()[0])"], text=True
        )
        command = [python, __file__, "--here", "--rounds", str(options.rounds), "--seconds", str(options.seconds)]
        command += ["--only", options.only, *(f"--watch={way}" for way in ways)]
        rows = []
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
            assert run.stdout is not None
            for line in run.stdout:
                rows.append(json.loads(line))
                print(
                    f"{version.strip()}: {len(rows)} of {len(names)}: {rows[-1]['name']}", file=sys.stderr, flush=True
                )
        if rows:
            print(report(rows, version.strip(), ways), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
