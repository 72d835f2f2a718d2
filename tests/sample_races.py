"""Results of searches for races built by hand, for the tests of what renders them."""

from __future__ import annotations

from advisor.models import Mend, RaceFinding, RaceReport, RaceStep

FILE = "/home/ann/shop/bank.py"
PATCH = """\
--- bank.py
+++ bank.py
@@ -1,2 +1,5 @@
+import threading
+
 balance = 0
+balance_lock = threading.Lock()
@@ -8,2 +11,3 @@
-    now = balance
-    balance = now + amount
+    with balance_lock:
+        now = balance
+        balance = now + amount
"""


def step(thread: int, line: int, source: str, effect: str = "", *, function: str = "deposit") -> RaceStep:
    return RaceStep(thread=thread, file=FILE, line=line, function=function, source=source, effect=effect)


LOST = RaceReport(
    target="bank:deposit",
    verdict="race",
    schedules=7,
    bound="all interleavings with at most 2 switches",
    python="CPython 3.11.14",
    inputs=("5", "7"),
    seconds=0.42,
    finding=RaceFinding(
        kind="lost update",
        with_gil=True,
        steps=(
            step(1, 8, "now = balance", "reads balance = 0"),
            step(2, 8, "now = balance", "reads balance = 0"),
            step(2, 9, "balance = now + amount", "writes balance = 7"),
            step(1, 9, "balance = now + amount", "writes balance = 5"),
        ),
        observed="balance = 5",
        possible=("balance = 12",),
        seed=17,
    ),
    mended=Mend(
        file=FILE,
        first_line=8,
        last_line=9,
        schedules=9,
        verdict="none",
        speedup=1.42,
        patch=PATCH,
    ),
)

DEADLOCK = RaceReport(
    target="bank.py:transfer",
    verdict="deadlock",
    schedules=3,
    bound="all interleavings with at most 2 switches",
    python="CPython 3.13.0",
    inputs=("'a', 'b'", "'b', 'a'"),
    seconds=0.1,
    finding=RaceFinding(
        kind="deadlock",
        with_gil=True,
        steps=(
            step(1, 20, "with locks[source]:", "acquires locks['a']", function="transfer"),
            step(2, 20, "with locks[source]:", "acquires locks['b']", function="transfer"),
            step(2, 21, "with locks[target]:", "waits for locks['a']", function="transfer"),
            step(1, 21, "with locks[target]:", "waits for locks['b']", function="transfer"),
        ),
        observed=(
            "Call 1 holds locks['a'] since line 20 and waits for locks['b'] in line 21\n"
            "Call 2 holds locks['b'] since line 20 and waits for locks['a'] in line 21"
        ),
        seed=3,
    ),
)

NONE = RaceReport(
    target="bank:deposit_safely",
    verdict="none",
    schedules=1412,
    bound="all interleavings with at most 2 switches at conflicting accesses, then 1,200 random ones",
    python="CPython 3.11.14",
    inputs=("5", "7"),
    seconds=20.0,
)

UNCLEAR = RaceReport(
    target="bank:receipt",
    verdict="unclear",
    why="The results differ by themselves, also when the calls run one after the other: they hold the time.",
    schedules=40,
    bound="all interleavings with at most 2 switches",
    python="CPython 3.11.14",
    seconds=1.0,
)
