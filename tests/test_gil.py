"""Where the GIL's lock word is, and what watches it."""

from __future__ import annotations

import ctypes
import subprocess
import sys
import time
from pathlib import Path

import pytest

from advisor.measure.gil import locate, sampler_thread

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not getattr(sys, "_is_gil_enabled", lambda: True)(),
    reason="reads the lock word of a GIL through the kernel",
)


def test_the_lock_word_is_found_and_the_switch_interval_restored() -> None:
    """It names this thread as the holder, and reads as taken while Python code runs."""
    before = sys.getswitchinterval()
    word = locate.find_lock_word()
    assert word is not None
    assert sys.getswitchinterval() == before
    assert word.thread == locate.this_thread()
    assert ctypes.c_int.from_address(word.address + 8).value == 1


@pytest.mark.skipif(sys.version_info[:2] != (3, 13), reason="the table of offsets is that of 3.13")
def test_the_lock_word_is_where_the_interpreter_says() -> None:
    """The search finds what `_Py_DebugOffsets` publishes."""
    from benchmarks.gil_share import published_lock_word

    word = locate.find_lock_word()
    assert word is not None
    assert published_lock_word() == word.address + 8


@pytest.mark.slow
def test_the_observer_ends_with_the_process_it_watches() -> None:
    """Also when that is killed."""
    script = (
        "import time\nfrom advisor.measure.gil import locate, observer_process\n"
        "o = observer_process.Observer(locate.find_lock_word())\nprint(o.process.pid, flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as watched:
        assert watched.stdout is not None
        observer_process = Path("/proc", watched.stdout.readline().strip())
        watched.kill()
    for _ in range(100):
        if not observer_process.exists():
            break
        time.sleep(0.05)
    assert not observer_process.exists()


@pytest.mark.parametrize(
    ("samples", "cpu_share", "held"),
    [
        (sampler_thread.Samples(200, 16, 8, 4), 0.2, 0.1),  # 40 instants on a CPU, 8 dropped, half of the others taken
        (sampler_thread.Samples(200, 0, 0, 0), 0.0, 0.0),
        (sampler_thread.Samples(10, 10, 0, 0), 1.0, 1.0),
    ],
)
def test_the_sampled_share_is_scaled_by_exact_cpu_time(
    samples: sampler_thread.Samples, cpu_share: float, held: float
) -> None:
    """Of the instants at which the target was on a CPU, as many as its clock says."""
    assert sampler_thread.held_share(samples, cpu_share) == pytest.approx(held)
