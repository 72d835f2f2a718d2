"""The two runs of a surveyed program: it behaves as without us, and its loops are seen."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from advisor.survey.dependence import static_dependence
from advisor.survey.facts import LoopObservation, LoopTime, StaticDependence, Variable
from advisor.survey.first_run import first_run
from advisor.survey.instrument import instrumented
from advisor.survey.loop_times import as_first_run
from advisor.survey.loops import enclosing, loops_of
from advisor.survey.program import Program
from advisor.survey.second_run import LoopToWatch, second_run
from advisor.survey.stack_sampler import _run_queue

PROBE = """
import json, os, sys
main = sys.modules["__main__"] is not None
print(json.dumps([__name__, __file__, sys.argv, os.getcwd(), sys.path[0], sys.stdin.read(), main]))
print("to errors", file=sys.stderr)
sys.exit(3)
"""
RUN = """
import sys
from advisor.survey.first_run import first_run
from advisor.survey.program import Program
_, status, ending = first_run(Program(sys.argv[1], tuple(sys.argv[2:])))
print(status, ending)
"""


def write(folder: Path, name: str, source: str) -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(source))
    return str(path)


def surveyed(*command: str, folder: Path, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run a program as the first run does, from another process."""
    return subprocess.run(
        [sys.executable, "-c", RUN, *command], cwd=folder, input=text, capture_output=True, text=True, timeout=60
    )


def test_a_program_finds_itself_as_python_runs_it(tmp_path: Path) -> None:
    """Name, file, arguments, folder, path, input, outputs and exit status are those of `python script.py`."""
    write(tmp_path, "probe.py", PROBE)
    bare = subprocess.run(
        [sys.executable, "probe.py", "--year", "2024"],
        cwd=tmp_path,
        input="typed",
        capture_output=True,
        text=True,
        timeout=60,
    )
    found = surveyed("probe.py", "--year", "2024", folder=tmp_path, text="typed")
    assert found.stdout == bare.stdout + "3 failed\n"
    assert found.stderr == bare.stderr


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ("raise ValueError('no')", 1),
        ("def f():\n    raise KeyError(1)\nf()", 1),
        ("x = (", 1),
        ("import sys\nsys.exit('a message')", 1),
        ("import atexit\natexit.register(print, 'bye')", 0),
        ("", 0),
    ],
)
def test_a_program_ends_as_python_ends_it(source: str, status: int, tmp_path: Path) -> None:
    """Tracebacks, messages and exit handlers are the same, without a frame of ours."""
    write(tmp_path, "ends.py", source)
    bare = subprocess.run([sys.executable, "ends.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    found = surveyed("ends.py", folder=tmp_path)
    assert bare.returncode == status
    assert found.stdout == f"{bare.stdout}{status} {'failed' if status else 'finished'}\n"
    assert found.stderr == bare.stderr


def test_a_module_of_a_package_runs_with_relative_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`-m shop` runs shop/__main__.py as part of its package."""
    write(tmp_path, "shop/__init__.py", "")
    write(tmp_path, "shop/prices.py", "PRICE = 4")
    write(tmp_path, "shop/__main__.py", "import sys\nfrom .prices import PRICE\nsys.exit(PRICE)")
    monkeypatch.chdir(tmp_path)
    _, status, _ = first_run(Program("shop", is_module=True))
    assert status == 4


def test_samples_survive_an_exit_without_handlers(tmp_path: Path) -> None:
    """What was sampled before `os._exit` has arrived."""
    script = write(
        tmp_path,
        "gone.py",
        """
        import os, time
        end = time.monotonic() + 0.8
        while time.monotonic() < end:
            sum(range(1000))
        os._exit(7)
        """,
    )
    samples, status, _ = first_run(Program(script))
    assert status == 7
    assert samples.seconds > 0.2
    assert samples.stacks


def test_a_program_that_does_not_end_is_stopped(tmp_path: Path) -> None:
    """After the limit the program gets an interrupt, as from Ctrl-C."""
    script = write(tmp_path, "serve.py", "import time\nwhile True:\n    time.sleep(0.01)\n")
    _, status, ending = first_run(Program(script), limit=0.5)
    assert (status, ending) == (130, "stopped")


def times(script: str) -> dict[int, LoopTime]:
    """The times of a program's loops by line."""
    samples, status, ending = first_run(Program(script))
    run = as_first_run(samples, status, ending, loops_of=loops_of, enclosing=enclosing, folder=Path.cwd())
    return {time.loop.id[1]: time for time in run.loops}


def test_the_time_of_a_loop_includes_what_it_calls(tmp_path: Path) -> None:
    """A loop that calls a function is around that function's loop; one that sleeps does not compute."""
    script = write(
        tmp_path,
        "two.py",
        """
        import time

        def work(n):
            total = 0
            for i in range(n):
                total += i * i
            return total

        for k in range(10):
            work(300_000)
        for k in range(10):
            time.sleep(0.03)
        """,
    )
    found = times(script)
    inner, outer, sleeping = found[6], found[10], found[12]
    assert inner.callers == (outer.loop.id,)
    assert outer.callers == ()
    assert (outer.computing_share or 0.0) > 3 * (sleeping.computing_share or 0.0)


def observe(script: str, *names: str) -> dict[int, LoopObservation]:
    """What the second run sees of a program's loops, by line."""
    loops = loops_of(Path(script).read_text(), script)
    static = StaticDependence(tuple(Variable(name, "unknown") for name in names), independence="independent")
    watched = [LoopToWatch(LoopTime(loop, 0.5, 10), static) for loop in loops]
    found, _, _ = second_run(Program(script), watched, folder=Path.cwd())
    return {each.id[1]: each for each in found}


def test_iterations_and_executions_are_counted(tmp_path: Path) -> None:
    """Loops of every kind are counted, tight ones and those of short executions too."""
    script = write(
        tmp_path,
        "counts.py",
        """
        def short(n):
            for j in range(n):
                pass
        for k in range(2_000):
            short(3)
        for k in range(50_000):
            pass
        while k > 49_990:
            k -= 1
        squares = [i * i for i in range(100)]
        texts = list(map(str, range(30)))
        for k in range(10):
            if k == 4:
                break
        """,
    )
    found = observe(script)
    counts = {line: (each.executions, each.iterations) for line, each in found.items()}
    assert counts == {
        3: (2_000, 6_000),
        5: (1, 2_000),
        7: (1, 50_000),
        9: (1, 9),
        11: (1, 100),
        12: (1, 30),
        13: (1, 4),
    }
    assert found[13].ended_early == 1


NASTY = {
    "recursion": (
        """
        def count(size, row, columns, falling, rising):
            if row == size:
                return 1
            total = 0
            free = ~(columns | falling | rising) & ((1 << size) - 1)
            while free:
                place = free & -free
                free ^= place
                total += count(size, row + 1, columns | place, (falling | place) << 1, (rising | place) >> 1)
            return total
        assert count(9, 0, 0, 0, 0) == 352
        """,
        {7: (8_042, 8_041 + 352)},
    ),
    "generators": (
        """
        def numbers(n):
            while n:
                yield n
                n -= 1
        first, second = numbers(900), numbers(901)
        for a in first:
            for b in (a, next(second)):
                pass
        assert list(second) == [1]
        """,
        {3: (2, 1_801), 7: (1, 900), 8: (900, 1_800)},
    ),
    "comprehensions": (
        """
        for n in range(40):
            rows = [
                [a + b for a in (1, 2, 3)]
                for b in range(200)
            ]
        """,
        {2: (1, 40), 3: (40, 8_000), 4: (8_000, 24_000)},
    ),
    "threads": (
        """
        import threading
        def work(n):
            while n:
                for k in (1, 2):
                    pass
                n -= 1
        threads = [threading.Thread(target=work, args=(3_000,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        work(500)
        for thread in threads:
            thread.join()
        """,
        {4: (1, 500)},
    ),
    "endless": (
        """
        for n in range(3_000):
            while True:
                n -= 1
                if n % 4 == 0:
                    break
        """,
        {2: (1, 3_000)},
    ),
    "tight": (
        """
        n = 200_000
        while n:
            n -= 1
        for k in enumerate(range(200_000)):
            if k[0] == 150_000:
                break
        """,
        {3: (1, 200_000), 5: (1, 150_001)},
    ),
}


@pytest.mark.parametrize("program", NASTY)
def test_loops_that_cannot_all_be_watched_are_counted(program: str, tmp_path: Path) -> None:
    """Executions and iterations are right or, for many short executions, well estimated."""
    source, expected = NASTY[program]
    found = observe(write(tmp_path, "nasty.py", source))
    for line, (executions, iterations) in expected.items():
        assert found[line].executions == executions
        assert found[line].iterations == pytest.approx(iterations, rel=0.0 if executions < 50 else 0.1)


def test_few_of_many_short_executions_are_watched() -> None:
    """Watching ends when it has taken its share of the time, and still stands for all executions."""
    from advisor.survey.iteration_effects import IterationEffects
    from advisor.survey.loop_watch import LoopWatch
    from advisor.survey.watched_loop import FIRST_WATCHED, WatchCosts

    source = b"for n in range(5_000):\n    m = n % 3\n    while m:\n        m -= 1\n"
    expensive = WatchCosts(execution=1.0, timed=0.0, counted=0.0, header=0.0)
    watch = LoopWatch({0: IterationEffects(())}, None, expensive)
    namespace: dict[str, Any] = {}
    watch.publish(namespace)
    exec(instrumented(source, "f.py", {(3, 4): 0}), namespace)
    loop = watch.loops[0]
    assert FIRST_WATCHED <= loop.watched < 1_200
    assert loop.executions == 5_000
    assert loop.iterations == pytest.approx(5_000, rel=0.1)
    assert namespace["m"] == 0


def test_iterations_that_are_too_short_to_time_are_counted() -> None:
    """Once many iterations have been timed at too high a cost, the loops only count them, recursions too."""
    from advisor.survey.iteration_effects import IterationEffects
    from advisor.survey.loop_watch import LoopWatch
    from advisor.survey.watched_loop import TIMED_AT_ONCE, WatchCosts

    source = b"""
def f(n, depth):
    while n:
        n -= 1
        if depth and n % 100 == 0:
            f(n, depth - 1)
    for k in range(9):
        pass
f(1_000, 1)
"""
    expensive = WatchCosts(execution=0.0, timed=1.0, counted=0.0, header=0.0)
    watch = LoopWatch({number: IterationEffects(()) for number in (0, 1)}, None, expensive)
    namespace: dict[str, Any] = {}
    watch.publish(namespace)
    exec(instrumented(source, "f.py", {(3, 4): 0, (7, 4): 1}), namespace)
    loops = watch.loops
    assert [loops[0].timed, loops[1].timed] == [TIMED_AT_ONCE, 11 * 9]
    assert [loops[0].iterations, loops[1].iterations] == [1_000 + sum(range(0, 1_000, 100)), 11 * 9]
    assert [loops[0].executions, loops[1].executions] == [11, 11]


def test_loops_share_the_time_that_watching_may_take() -> None:
    """The time spent on watching one loop does not count as the program's, which limits the others."""
    from advisor.survey.iteration_effects import IterationEffects
    from advisor.survey.loop_watch import LoopWatch
    from advisor.survey.watched_loop import WatchCosts

    costs = WatchCosts(execution=0.0, timed=1.0, counted=0.0, header=0.0)
    watch = LoopWatch({number: IterationEffects(()) for number in (0, 1)}, None, costs)
    first, second = watch.loops.values()
    first.begin()
    second.begin()
    first.ended(1e-6)
    first.effects.cost = 2.0
    first.charge()
    assert -3.0 < second.plain_seconds < -2.0
    assert second.may_inspect  # its first iterations, without which there is no verdict
    second.effects.watched = 2
    assert not second.may_inspect
    watch.close()


def test_variables_are_not_compared_where_nothing_can_come_of_it(tmp_path: Path) -> None:
    """A loop whose source shows that its iterations depend on each other is timed only."""
    script = write(tmp_path, "carried.py", "rows = []\nfor k in range(20):\n    rows.append(len(rows))\n")
    (loop,) = loops_of(Path(script).read_text(), script)
    static = StaticDependence((Variable("rows", "carried"),), independence="carried")
    (found,), _, _ = second_run(Program(script), [LoopToWatch(LoopTime(loop, 0.5, 10), static)], folder=Path.cwd())
    assert (found.iterations, found.changes) == (20, ())


def test_changes_are_seen(tmp_path: Path) -> None:
    """What iterations rebind, grow and fill, print and draw is reported; what they leave alone is not."""
    script = write(
        tmp_path,
        "changes.py",
        """
        import random
        rows, counts, total, untouched = [], {}, 0, [1, 2]
        for k in range(20):
            rows.append(k)
            counts[k] = k
            total += k
        for k in range(20):
            counts[k % 2] = k
        for k in range(20):
            print(random.random())
        """,
    )
    found = observe(script, "rows", "counts", "total", "untouched", "random")
    changes = {change.name: (change.how, change.keys_repeat) for change in found[4].changes}
    assert changes == {"rows": ("grown", None), "counts": ("items", False), "total": ("rebound", None)}
    assert {change.name: change.keys_repeat for change in found[8].changes} == {"counts": True}
    assert (found[4].random, found[4].output) == (False, False)
    assert (found[10].random, found[10].output) == (True, True)


def test_items_that_are_not_apart_are_seen(tmp_path: Path) -> None:
    """Rows that overlap, and neighbours that iterations change by way of an item, are a change that others see."""
    script = write(
        tmp_path,
        "apart.py",
        """
        import numpy as np
        from types import SimpleNamespace
        def windows(signal):
            return np.lib.stride_tricks.sliding_window_view(signal, 9, writeable=True)
        rows, table = windows(np.ones(60)), np.ones((20, 9))
        nodes = [SimpleNamespace(n=n) for n in range(20)]
        for one, other in zip(nodes, nodes[1:] + nodes[:1]):
            one.below = other
        for k in range(20):
            rows[k] = rows[k] * 0.5
        for k in range(20):
            table[k] = table[k] * 0.5
        for node in nodes:
            node.below.n += 1
        """,
    )
    loops = loops_of(Path(script).read_text(), script)
    watched = [
        LoopToWatch(LoopTime(each, 0.5, 10), static_dependence(Path(script).read_text(), script, each))
        for each in loops
    ]
    seen, _, _ = second_run(Program(script), watched, folder=Path.cwd())
    shared = {each.id[1]: [change.name for change in each.changes if change.written_read] for each in seen}
    assert {line: shared[line] for line in (10, 12, 14)} == {10: ["rows"], 12: [], 14: ["node"]}


def test_calls_by_a_table_are_watched(tmp_path: Path) -> None:
    """Changes by the function of `DataFrame.apply` are seen, as in the iterations of a loop."""
    script = write(
        tmp_path,
        "table.py",
        """
        import pandas
        seen = []
        def price(row):
            seen.append(row.a)
            return row.a * 2
        table = pandas.DataFrame({"a": range(20)})
        table.apply(price, axis=1)
        """,
    )
    (found,) = observe(script, "seen").values()
    assert found.watched > 2
    assert [(change.name, change.how) for change in found.changes] == [("seen", "grown")]


FORMS = {
    "for_else": """
        def f():
            for i in range(5):
                if i == 9:
                    break
            else:
                return "else"
    """,
    "while_else": """
        def f():
            n = 0
            while n < 5:
                n += 1
                if n == 2:
                    continue
            else:
                return ("else", n)
    """,
    "endless_while": """
        def f():
            n = 0
            while True:
                n += 1
                if n > 3:
                    return n
    """,
    "generator": """
        def g():
            for i in range(4):
                got = yield i
                while i < 1:
                    i += 1
        def f():
            return list(g()) + [x for x in g() if x]
    """,
    "changed_while_read": """
        def f():
            rows = [1, 2, 3]
            for row in rows:
                if len(rows) < 6:
                    rows.append(row * 10)
            return rows
    """,
    "nested_comprehensions": """
        def f():
            return {a: [b for b in range(a)] for a in range(4)}, {c for c in "abca"}, sum(d for d in range(9))
    """,
    "errors": """
        def f():
            try:
                for i in [1, 0]:
                    1 / i
            except ZeroDivisionError as error:
                return str(error)
    """,
    "not_iterable": """
        def f():
            for i in "ab":
                pass
            try:
                for i in 5:
                    pass
            except TypeError as error:
                return str(error)
    """,
    "methods": """
        class Grid:
            def sums(self):
                total = 0
                for row in [[1, 2], [3]]:
                    total += sum([cell for cell in row])
                while total > 4:
                    total -= 4
                return total
        def f():
            return Grid().sums()
    """,
    "map_and_filter": """
        def f():
            return list(map(abs, [-1, 2])), list(filter(None, [0, 3])), list(map(pow, [2, 3], [3, 2]))
    """,
    "apply": """
        import pandas
        def f():
            table = pandas.DataFrame({"a": [1, 2], "b": [3, 4]})
            return list(table.apply(lambda row: row.a + row.b, axis=1)), [row.a for row in table.itertuples()]
    """,
}


@pytest.mark.parametrize("form", FORMS)
def test_watched_loops_give_the_same(form: str, tmp_path: Path) -> None:
    """Loops that are watched return, raise and leave behind what they do without."""
    from advisor.survey.iteration_effects import IterationEffects
    from advisor.survey.loop_watch import LoopWatch

    source = textwrap.dedent(FORMS[form])
    bare: dict[str, Any] = {}
    exec(compile(source, "bare.py", "exec"), bare)
    places = {(loop.id[1], loop.id[2]): number for number, loop in enumerate(loops_of(source, "f.py"))}
    watch = LoopWatch({number: IterationEffects(()) for number in places.values()}, None)
    watched: dict[str, Any] = {}
    watch.publish(watched)
    exec(instrumented(source.encode(), "f.py", places), watched)
    assert watched["f"]() == bare["f"]()
    assert any(loop.executions for loop in watch.loops.values())


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="the kernel does not tell how long threads queue")
def test_waiting_for_a_core_counts_as_computing() -> None:
    """On a core that another process keeps busy, a program that computes is not taken for one that waits."""
    cores = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(cores)})
        other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
        try:
            before = _run_queue(threading.get_native_id())
            end = time.thread_time() + 0.3
            while time.thread_time() < end:
                pass
            assert _run_queue(threading.get_native_id()) - before > 0.05
        finally:
            other.kill()
            other.wait()
    finally:
        os.sched_setaffinity(0, cores)
