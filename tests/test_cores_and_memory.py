"""What the operating system and the interpreter tell: cores, memory, start method."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from advisor.host import cores_and_memory
from advisor.measure.memory import resident_memory

VERSION_2, VERSION_1 = "0::/", "5:cpu,cpuacct:/docker/0123\n4:memory:/docker/0123\n0::/"


def lay_out(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def control_groups(folder: Path, membership: str, files: dict[str, str]) -> tuple[Path, Path]:
    lay_out(folder, {"membership": membership + "\n"})
    return lay_out(folder / "cgroup", files), folder / "membership"


def run(code: str, **environment: str) -> str:
    """What a fresh interpreter prints that has imported the module."""
    command = [sys.executable, "-c", f"import os, sys; from advisor.host import cores_and_memory; {code}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **environment})
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("membership", "files", "cores"),
    [
        (VERSION_2, {"cpu.max": "200000 100000"}, 2),
        (VERSION_2, {"cpu.max": "150000 100000"}, 2),
        (VERSION_2, {"cpu.max": "50000 100000"}, 1),
        (VERSION_2, {"cpu.max": "max 100000"}, None),
        (VERSION_2, {"cpu.max": ""}, None),
        # A limit of a parent binds every group below it, even one with a larger limit of its own.
        (
            "0::/user/unit",
            {"user/cpu.max": "300000 100000", "user/unit/cpu.max": "800000 100000", "other/cpu.max": "100000 100000"},
            3,
        ),
        # In a container the group's path is often invisible.
        (VERSION_1, {"cpu/cpu.cfs_quota_us": "250000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 3),
        (VERSION_1, {"cpu,cpuacct/cpu.cfs_quota_us": "250000\n", "cpu,cpuacct/cpu.cfs_period_us": "100000\n"}, 3),
        ("1:cpu:/", {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        # Sandboxes that imitate the kernel badly.
        ("nonsense\n0::/", {"cpu.max": "plenty of it", "cpu/cpu.cfs_quota_us": "1\n"}, None),
    ],
)
def test_quotas_are_rounded_up_to_whole_cores(
    tmp_path: Path, membership: str, files: dict[str, str], cores: int | None
) -> None:
    """A quota of 1.5 cores keeps two workers busy; of all groups above the process, the tightest counts."""
    assert cores_and_memory.quota_cores(*control_groups(tmp_path, membership, files)) == cores


@pytest.mark.parametrize(
    ("membership", "files", "left"),
    [
        # Cached files count as used, but the kernel drops them before it refuses memory.
        (
            "0::/work",
            {
                "work/memory.max": "1000000",
                "work/memory.current": "700000",
                "work/memory.stat": "anon 400000\ninactive_file 300000\n",
            },
            600_000,
        ),
        # Version 1 has other names, and writes no limit as a huge number.
        (
            "4:memory:/box\n0::/",
            {
                "memory/box/memory.limit_in_bytes": "5000",
                "memory/box/memory.usage_in_bytes": "2000",
                "memory/box/memory.stat": "cache 10\ntotal_inactive_file 500\n",
                "memory/memory.limit_in_bytes": "9223372036854771712",
                "memory/memory.usage_in_bytes": "123456",
            },
            3500,
        ),
        # A full group has a byte left, since a Machine demands a positive number.
        (VERSION_2, {"memory.max": "1000", "memory.current": "2000"}, 1),
        (VERSION_2, {"memory.max": "\x00"}, None),
    ],
)
def test_memory_left_in_a_container(tmp_path: Path, membership: str, files: dict[str, str], left: int | None) -> None:
    """The limit less what is used, without the page cache."""
    assert cores_and_memory.container_memory(*control_groups(tmp_path, membership, files)) == left


def test_no_control_groups_is_no_limit(tmp_path: Path) -> None:
    """A host without control groups (macOS, Windows) answers None, not an error."""
    assert cores_and_memory.quota_cores(tmp_path / "absent", tmp_path / "absent too") is None
    assert cores_and_memory.container_memory(tmp_path / "absent", tmp_path / "absent too") is None


def test_host_memory_is_what_the_kernel_calls_available(tmp_path: Path) -> None:
    """MemFree would leave out what the kernel can take back from its caches; without /proc, psutil is asked."""
    lay_out(tmp_path, {"meminfo": "MemTotal: 100 kB\nMemFree: 5 kB\nMemAvailable:   40 kB\n"})
    assert cores_and_memory.host_memory(tmp_path / "meminfo") == 40 * 1024
    assert (cores_and_memory.host_memory(tmp_path / "absent") or 0) > 1 << 20


def test_the_smallest_limit_gives_the_usable_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Host 20, affinity 8, quota 3, no wish of the user: 3."""
    limits = {"host_cores": 20, "affinity_cores": 8, "quota_cores": 3, "interpreter_cores": None}
    for name, cores in limits.items():
        monkeypatch.setattr(cores_and_memory, name, lambda cores=cores: cores)
    assert cores_and_memory.usable_cores() == 3


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")
def test_a_process_bound_to_one_core_may_use_one() -> None:
    """Affinity is respected, as taskset sets it."""
    code = "os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]); print(cores_and_memory.usable_cores())"
    assert run(code) == "1"


def test_python_cpu_count_limits_the_cores() -> None:
    """The variable that 3.13 introduced counts on every version."""
    code = "print(cores_and_memory.interpreter_cores(), cores_and_memory.usable_cores())"
    assert run(code, PYTHON_CPU_COUNT="1") == "1 1"


@pytest.mark.skipif(hasattr(os, "process_cpu_count"), reason="the interpreter reads the variable itself")
@pytest.mark.parametrize("text", ["", "default", "0", "-2", "two", "²"])
def test_a_python_cpu_count_that_is_no_count_is_no_limit(text: str) -> None:
    """`default` and nonsense leave the other limits alone."""
    assert cores_and_memory.interpreter_cores({"PYTHON_CPU_COUNT": text}) is None


@pytest.mark.parametrize(
    ("system", "version", "method"),
    [
        ("linux", (3, 11), "fork"),
        ("linux", (3, 13), "fork"),
        ("linux", (3, 14), "forkserver"),
        ("darwin", (3, 11), "spawn"),
        ("win32", (3, 14), "spawn"),
    ],
)
def test_the_default_start_method(system: str, version: tuple[int, int], method: str) -> None:
    """What each platform and version does unless told otherwise."""
    assert cores_and_memory.default_start_method(system, version) == method


def test_the_start_method_is_multiprocessings_own() -> None:
    """Found without importing it, and the program's choice where it has made one."""
    code = "method = cores_and_memory.start_method(); assert 'multiprocessing' not in sys.modules;"
    assert run(f"{code} import multiprocessing; print(method == multiprocessing.get_start_method())") == "True"
    code = "import multiprocessing; multiprocessing.set_start_method('spawn')"
    assert run(f"{code}; print(cores_and_memory.start_method())") == "spawn"


def test_the_running_interpreter_is_described() -> None:
    """Version and implementation as the interpreter itself tells them."""
    record = cores_and_memory.python()
    assert record.version == ".".join(map(str, sys.version_info[:3]))
    assert record.implementation.lower() == sys.implementation.name
    assert record.free_threaded == (not getattr(sys, "_is_gil_enabled", lambda: True)())


def test_resident_memory_grows_with_what_is_held() -> None:
    """Fifty megabytes more are seen as some fifty megabytes more."""
    before = resident_memory() or 0
    held = bytearray(b"x") * (50 << 20)
    assert 40 << 20 < (resident_memory() or 0) - before < 80 << 20
    assert len(held) == 50 << 20
