"""Advice built by hand, for the tests of what renders it."""

from __future__ import annotations

from advisor.models import Advice, Alternative, Job, Machine, Pitfall, Profile, Range, Reason, Strategy


def around(low: float, expected: float, high: float) -> Range:
    return Range(low=low, expected=expected, high=high)


def considered(strategy: Strategy, workers: int, seconds: Range, speedup: Range, why: str) -> Alternative:
    return Alternative(strategy=strategy, workers=workers, feasible=True, seconds=seconds, speedup=speedup, why=why)


LOOP = considered("sequential", 1, around(50, 52, 54), around(1, 1, 1), "one call after the other")
THREADS = considered("threading", 32, around(3.2, 3.7, 4.4), around(12, 14, 16), "limited by the GIL: 2.1 ms of a call")
PROCESSES = considered(
    "multiprocessing",
    24,
    around(3.3, 4.1, 5),
    around(10, 12.5, 15.5),
    "as many waits overlap, but every worker starts an interpreter of its own and takes 85 MB of memory for itself",
)
EVENT_LOOP = Alternative(
    strategy="asyncio", workers=1, feasible=False, seconds=None, speedup=None, why="not a coroutine function"
)

DOWNLOAD = Advice(
    recommendation="threading",
    workers=32,
    confidence=0.96,
    evidence="measured",
    speedup=THREADS.speedup,
    seconds=THREADS.seconds,
    summary="Run the 1,000 calls in a thread pool with 32 workers: about 3.7 s instead of 52 s.",
    reasons=(
        Reason(
            rule="waits",
            text="A call waits for 93 % of its time, and a thread that waits holds no GIL: others run meanwhile.",
            source="notebook",
        ),
    ),
    warnings=(Pitfall(code="hidden-limit", text="If the server limits its rate, more workers do not help."),),
    alternatives=(THREADS, PROCESSES, LOOP, EVENT_LOOP),
    profile=Profile(
        target="my_module:fetch",
        calls=57,
        wall=0.052,
        gil_held=0.0021,
        gil_free=0.0011,
        child_cpu=0.0,
        wait=0.0488,
        run_queue=0.0003,
        gil_source="observed",
        standard_error={"gil_held": 0.0005},
    ),
    machine=Machine(cores=2, source="measured"),
    job=Job(calls=1000),
    snippet="line\n" * 20,
)

IMAGES = Advice(
    recommendation="multiprocessing",
    workers=2,
    confidence=0.72,
    evidence="described",
    speedup=around(1.3, 1.8, 2),
    seconds=around(4, 5.5, 9),
    summary="Use a process pool with one worker for each core.",
    reasons=(Reason(rule="matrix", text="Processing 100 images: CPU bound.", source="notebook"),),
    warnings=(),
    alternatives=(),
    profile=Profile(calls=1, wall=0.1, gil_held=0.08, gil_free=0.02, child_cpu=0, wait=0, archetype="image"),
    machine=Machine(cores=2),
    job=Job(calls=100),
    snippet='if __name__ == "__main__":\n    print("×")\n',
)

UNDECIDED = Advice(
    recommendation="undecided",
    workers=1,
    confidence=0.0,
    evidence="described",
    speedup=None,
    seconds=None,
    summary="More information is needed.",
    reasons=(),
    warnings=(),
    alternatives=(),
    profile=None,
    machine=Machine(cores=1),
    job=Job(calls=1),
    snippet="",
    questions=("Does one core stay busy, or does the program wait?",),
)
