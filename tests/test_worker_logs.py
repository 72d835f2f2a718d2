"""Log records and warnings of workers reach the parent."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from advisor.jobs.pools.pool import Setup
from advisor.jobs.pools.processes import ProcessPool
from tests import pools

Opener = Callable[[Callable[..., Any]], ProcessPool]


@pytest.fixture(params=["fork", "spawn"])
def opener(request: pytest.FixtureRequest) -> Iterator[Opener]:
    """Return a function that opens a pool with the start method under test."""
    opened: list[ProcessPool] = []

    def open_pool(function: Callable[..., Any]) -> ProcessPool:
        opened.append(ProcessPool(Setup(function), 1, start_method=request.param))
        return opened[-1]

    yield open_pool
    for pool in opened:
        pool.close(kill=True)


def log(value: Any) -> None:
    logger = logging.getLogger("shop.cart")
    logger.debug("hidden")
    logger.info("item %s", value, extra={"user": "ann", "lock": threading.Lock()})
    try:
        raise KeyError(value)
    except KeyError:
        logging.exception("failed")


def warn(value: Any) -> None:
    warnings.warn(f"old {value}", FutureWarning, stacklevel=1)


def test_records_are_handled_by_the_handlers_of_the_parent(opener: Opener, caplog: pytest.LogCaptureFixture) -> None:
    """Logger, level, message, attributes and traceback arrive; levels of the parent apply in the worker."""
    with caplog.at_level(logging.INFO, "shop"):
        pools.results(opener(log), [5])
    assert [(record.name, record.levelname) for record in caplog.records] == [("shop.cart", "INFO"), ("root", "ERROR")]
    first, second = caplog.records
    assert first.getMessage() == "item 5"
    assert first.user == "ann"  # type: ignore[attr-defined]
    assert first.lock.startswith("<unlocked")  # type: ignore[attr-defined]
    assert second.getMessage() == "failed"
    assert second.exc_text is not None
    assert second.exc_text.endswith("KeyError: 5")
    assert first.process not in (None, 0)


def test_handlers_of_the_parent_do_not_write_in_workers(opener: Opener, tmp_path: Path) -> None:
    """A file of the parent has each record once."""
    handler = logging.FileHandler(tmp_path / "log")
    logging.getLogger("shop").addHandler(handler)
    try:
        pools.results(opener(log), [1, 2])
    finally:
        logging.getLogger("shop").removeHandler(handler)
        handler.close()
    assert (tmp_path / "log").read_text() == ""
    logging.getLogger("shop").setLevel(logging.INFO)
    handler = logging.FileHandler(tmp_path / "log")
    logging.getLogger("shop").addHandler(handler)
    try:
        pools.results(opener(log), [1, 2])
    finally:
        logging.getLogger("shop").removeHandler(handler)
        logging.getLogger("shop").setLevel(logging.NOTSET)
        handler.close()
    assert (tmp_path / "log").read_text() == "item 1\nitem 2\n"


def ignore_forks_beside_threads() -> None:
    """Ignore the warning about them: the process of the tests may have other threads."""
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)


def test_warnings_are_issued_in_the_parent(opener: Opener) -> None:
    """Category, text, file and line of a warning arrive, and filters of the parent apply."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ignore_forks_beside_threads()
        pools.results(opener(warn), [1, 2])
    assert [(str(item.message), item.category) for item in caught] == [
        ("old 1", FutureWarning),
        ("old 2", FutureWarning),
    ]
    assert {Path(item.filename).name for item in caught} == {"test_worker_logs.py"}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        pools.results(opener(warn), [1, 2])
    assert not caught


def test_warnings_that_are_errors_fail_the_call(opener: Opener) -> None:
    """Filters of the parent apply in the worker, so a warning that is an error there is one here."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ignore_forks_beside_threads()
        assert isinstance(pools.failure(opener(warn), 1), FutureWarning)


def test_a_warning_is_shown_once_for_all_workers(tmp_path: Path) -> None:
    """By default the same warning of several workers is printed once, as it would be without them."""
    script = tmp_path / "warns.py"
    script.write_text(
        "import time, warnings\nfrom advisor.jobs.pools.pool import Chunk, Setup\n"
        "from advisor.jobs.pools.processes import ProcessPool\n"
        "def job(x):\n    time.sleep(0.05)\n    warnings.warn('old', FutureWarning)\n"
        "pool = ProcessPool(Setup(job), 2, start_method='fork')\n"
        "for i in range(4): pool.send(Chunk(i, [i], [((i,), {})]))\n"
        "left = 4\nwhile left: left -= sum(report.finished for report in pool.receive(10))\npool.close()\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=30, check=True)
    assert done.stderr.count("FutureWarning: old") == 1
