"""Tests of what the operating system tells."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from advisor.host import platform


def lay_out(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def membership(folder: Path, *lines: str) -> Path:
    path = folder / "membership"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("quota", "cores"),
    [("200000 100000", 2), ("150000 100000", 2), ("50000 100000", 1), ("max 100000", None), ("", None)],
)
def test_a_version_2_quota_is_rounded_up_to_whole_cores(tmp_path: Path, quota: str, cores: int | None) -> None:
    """A quota of 1.5 cores feeds two workers, and `max` is no limit."""
    root = lay_out(tmp_path / "cgroup", {"cpu.max": quota})
    assert platform.quota_cores(root, membership(tmp_path, "0::/")) == cores


def test_the_tightest_quota_above_a_process_counts(tmp_path: Path) -> None:
    """A limit of a parent group binds every group below it, even one with a larger limit of its own."""
    root = lay_out(
        tmp_path / "cgroup",
        {"user/cpu.max": "300000 100000", "user/unit/cpu.max": "800000 100000", "other/cpu.max": "100000 100000"},
    )
    assert platform.quota_cores(root, membership(tmp_path, "0::/user/unit")) == 3


@pytest.mark.parametrize("mount", ["cpu", "cpu,cpuacct"])
def test_a_version_1_quota_counts(tmp_path: Path, mount: str) -> None:
    """Older containers tell their quota in two files; the group's path is often invisible from within."""
    root = lay_out(
        tmp_path / "cgroup", {f"{mount}/cpu.cfs_quota_us": "250000\n", f"{mount}/cpu.cfs_period_us": "100000\n"}
    )
    groups = membership(tmp_path, "5:cpu,cpuacct:/docker/0123", "4:memory:/docker/0123", "0::/")
    assert platform.quota_cores(root, groups) == 3


def test_a_version_1_quota_of_minus_one_is_no_limit(tmp_path: Path) -> None:
    """The kernel writes -1 for a group without a quota."""
    root = lay_out(tmp_path / "cgroup", {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"})
    assert platform.quota_cores(root, membership(tmp_path, "1:cpu:/")) is None


def test_no_control_groups_is_no_limit(tmp_path: Path) -> None:
    """A host without control groups (macOS, Windows) answers None, not an error."""
    assert platform.quota_cores(tmp_path / "absent", tmp_path / "absent too") is None
    assert platform.container_memory(tmp_path / "absent", tmp_path / "absent too") is None


def test_strange_control_files_are_no_limit(tmp_path: Path) -> None:
    """A sandbox that imitates the kernel badly does not break the count."""
    root = lay_out(
        tmp_path / "cgroup", {"cpu.max": "plenty of it", "memory.max": "\x00", "cpu/cpu.cfs_quota_us": "1\n"}
    )
    groups = membership(tmp_path, "nonsense", "0::/")
    assert platform.quota_cores(root, groups) is None
    assert platform.container_memory(root, groups) is None


def test_memory_left_in_a_version_2_group_leaves_out_the_page_cache(tmp_path: Path) -> None:
    """Cached files count as used, but the kernel gives them up before it refuses memory."""
    root = lay_out(
        tmp_path / "cgroup",
        {
            "work/memory.max": "1000000",
            "work/memory.current": "700000",
            "work/memory.stat": "anon 400000\ninactive_file 300000\n",
        },
    )
    assert platform.container_memory(root, membership(tmp_path, "0::/work")) == 600_000


def test_memory_left_in_a_version_1_group(tmp_path: Path) -> None:
    """Version 1 names its files otherwise, and writes no limit as a huge number."""
    root = lay_out(
        tmp_path / "cgroup",
        {
            "memory/box/memory.limit_in_bytes": "5000",
            "memory/box/memory.usage_in_bytes": "2000",
            "memory/box/memory.stat": "cache 10\ntotal_inactive_file 500\n",
            "memory/memory.limit_in_bytes": "9223372036854771712",
            "memory/memory.usage_in_bytes": "123456",
        },
    )
    assert platform.container_memory(root, membership(tmp_path, "4:memory:/box", "0::/")) == 3500


def test_a_full_group_has_a_byte_left(tmp_path: Path) -> None:
    """Memory stays a positive number, as a Machine demands."""
    root = lay_out(tmp_path / "cgroup", {"memory.max": "1000", "memory.current": "2000"})
    assert platform.container_memory(root, membership(tmp_path, "0::/")) == 1


def test_host_memory_is_what_the_kernel_calls_available(tmp_path: Path) -> None:
    """MemFree would leave out what the kernel can take back from its caches."""
    info = lay_out(tmp_path, {"meminfo": "MemTotal: 100 kB\nMemFree: 5 kB\nMemAvailable:   40 kB\n"}) / "meminfo"
    assert platform.host_memory(info) == 40 * 1024


def test_host_memory_without_proc_is_asked_of_psutil(tmp_path: Path) -> None:
    """Other systems have no /proc/meminfo."""
    memory = platform.host_memory(tmp_path / "absent")
    assert memory is not None
    assert memory > 1 << 20


def test_the_smallest_limit_gives_the_usable_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Host 20, affinity 8, quota 3, no wish of the user: 3."""
    monkeypatch.setattr(platform, "host_cores", lambda: 20)
    monkeypatch.setattr(platform, "affinity_cores", lambda: 8)
    monkeypatch.setattr(platform, "quota_cores", lambda: 3)
    monkeypatch.setattr(platform, "interpreter_cores", lambda: None)
    assert platform.usable_cores() == 3


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")
def test_a_process_bound_to_one_core_may_use_one() -> None:
    """Affinity is respected, as taskset sets it."""
    code = "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])\n"
    code += "from advisor import platform; print(platform.usable_cores())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"


def test_python_cpu_count_limits_the_cores() -> None:
    """The variable that 3.13 introduced counts on every version."""
    code = "from advisor import platform; print(platform.interpreter_cores(), platform.usable_cores())"
    environment = {**os.environ, "PYTHON_CPU_COUNT": "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "1 1\n"


@pytest.mark.skipif(hasattr(os, "process_cpu_count"), reason="the interpreter reads the variable itself")
@pytest.mark.parametrize("text", ["", "default", "0", "-2", "two", "²"])
def test_a_python_cpu_count_that_is_no_count_is_no_limit(text: str) -> None:
    """`default` and nonsense leave the other limits alone."""
    assert platform.interpreter_cores({"PYTHON_CPU_COUNT": text}) is None


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
    assert platform.default_start_method(system, version) == method


def test_the_start_method_is_multiprocessings_own_and_imports_nothing() -> None:
    """The answer agrees with multiprocessing, which is asked only afterwards."""
    code = (
        "import sys; from advisor import platform; told = platform.start_method()\n"
        "assert 'multiprocessing' not in sys.modules\n"
        "import multiprocessing; assert told == multiprocessing.get_start_method()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_start_method_that_the_program_has_set_is_respected() -> None:
    """`set_start_method` overrules the default."""
    code = (
        "import multiprocessing; multiprocessing.set_start_method('spawn')\n"
        "from advisor import platform; print(platform.start_method())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "spawn\n"


def test_the_running_interpreter_is_described() -> None:
    """Version and implementation as the interpreter itself tells them."""
    record = platform.python()
    assert record.version == ".".join(map(str, sys.version_info[:3]))
    assert record.implementation.lower() == sys.implementation.name
    assert record.free_threaded == (not getattr(sys, "_is_gil_enabled", lambda: True)())


def test_resident_memory_grows_with_what_is_held() -> None:
    """Fifty megabytes more are seen as some fifty megabytes more."""
    before = platform.resident_memory()
    held = bytearray(b"x") * (50 << 20)
    after = platform.resident_memory()
    assert before is not None
    assert after is not None
    assert 40 << 20 < after - before < 80 << 20
    assert len(held) == 50 << 20
