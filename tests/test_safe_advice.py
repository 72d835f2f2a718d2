"""Advice on functions that share something: never a strategy that breaks it, and the warning names the object."""

from __future__ import annotations

from pathlib import Path

import pytest

from advisor.api import advise_target
from advisor.models import Advice

pytestmark = pytest.mark.slow

SOURCE = """
import csv, decimal, functools, logging, os, random, signal, sqlite3, tempfile, threading, time
import numpy as np

FOLDER = tempfile.mkdtemp()
SINK = open(os.path.join(FOLDER, "results.csv"), "a", newline="")
WRITER = csv.writer(SINK)
LOCAL = threading.local()
LOG = logging.getLogger("shop")
TABLE = dict.fromkeys(range(100), 1)


def compute(number):
    return sum(value * value for value in range(20_000)) + number


def append_row(number):
    WRITER.writerow([number, compute(number)])


def within(seconds):
    def decorate(function):
        @functools.wraps(function)
        def guarded(*args):
            before = signal.signal(signal.SIGALRM, lambda *_: None)
            signal.setitimer(signal.ITIMER_REAL, seconds)
            try:
                return function(*args)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.signal(signal.SIGALRM, before)
        return guarded
    return decorate


@within(2.0)
def probe(device):
    time.sleep(0.01)
    return device


def walk_random(number):
    return sum(np.random.normal() for _ in range(2_000))


def walk(seed):
    return sum(np.random.default_rng(seed).normal(size=20_000).tolist())


def own_file(number):
    with open(os.path.join(FOLDER, f"{number}.txt"), "w") as file:
        file.write(str(compute(number)))


def own_connection(number):
    if not hasattr(LOCAL, "connection"):
        LOCAL.connection = sqlite3.connect(":memory:")
    time.sleep(0.005)
    return LOCAL.connection.execute("SELECT ?", (number,)).fetchone()


def precise(number):
    with decimal.localcontext() as context:
        context.prec = 50
        return sum(decimal.Decimal(1) / value for value in range(1, 3_000)) + number


def environment(number):
    return os.environ.get("HOME", "") * 0 + str(compute(number))


def table(number):
    return compute(TABLE[number % 100])


def logged(number):
    LOG.debug("number %d", number)
    return compute(number)


def square(number):
    return square_of(number) + compute(number)


@functools.lru_cache
def square_of(number):
    return number * number


def numbers():
    return range(300)
"""


@pytest.fixture(scope="module", autouse=True)
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "sharing.py").write_text(SOURCE)
    return folder


def advice_on(name: str, shop: Path, monkeypatch: pytest.MonkeyPatch) -> Advice:
    monkeypatch.chdir(shop)
    return advise_target(f"sharing:{name}", inputs="sharing:numbers", budget=0.5, cores=4)


def infeasible(advice: Advice) -> dict[str, str]:
    """Return why strategies are not feasible, but for subinterpreters that cannot import NumPy."""
    reasons = {each.strategy: each.why for each in advice.alternatives if not each.feasible}
    return {strategy: why for strategy, why in reasons.items() if "cannot be imported in a subinterpreter" not in why}


def pitfalls(advice: Advice) -> str:
    return " ".join(pitfall.text for pitfall in advice.warnings if pitfall.code == "shared-resource")


def test_a_file_that_calls_append_to(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads may not write to one open file; forked workers note the rows, which the parent writes."""
    advice = advice_on("append_row", shop, monkeypatch)
    assert "WRITER" in infeasible(advice)["threading"]
    if advice.machine.start_method == "fork":
        assert advice.recommendation == "multiprocessing"
        assert "class Recorder" in advice.snippet
        assert "would write to WRITER" in pitfalls(advice)
    assert "WRITER" in pitfalls(advice)
    assert "write it in the parent" in pitfalls(advice)


def test_a_signal_handler_in_each_call(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signal handlers can be set in the main thread only, so processes are advised."""
    advice = advice_on("probe", shop, monkeypatch)
    assert advice.recommendation == "multiprocessing"
    assert "main thread" in infeasible(advice)["threading"]
    assert "signal" in pitfalls(advice)


def test_the_global_random_generator(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forked workers would draw the same numbers from NumPy's global generator."""
    advice = advice_on("walk_random", shop, monkeypatch)
    assert advice.profile is not None
    assert [touch.name for touch in advice.profile.touches] == ["numpy.random"]
    if advice.machine.start_method == "fork":
        [processes] = [row for row in advice.alternatives if row.strategy == "multiprocessing"]
        assert processes.start_method == "spawn"
        assert "numpy.random" in advice.warnings[0].text
        assert "default_rng" in pitfalls(advice)


@pytest.mark.parametrize(
    "name",
    ["walk", "own_file", "own_connection", "precise", "environment", "table", "logged", "square"],
)
def test_what_is_safe_is_not_accused(name: str, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files, connections, generators and contexts of a call's own, and what is only read, rule nothing out."""
    advice = advice_on(name, shop, monkeypatch)
    assert infeasible(advice) == {}
    assert advice.profile is not None
    assert advice.profile.touches == ()
    assert not {"shared-resource", "shared-random"} & {pitfall.code for pitfall in advice.warnings}
