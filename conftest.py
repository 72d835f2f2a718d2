"""Settings for all tests, here and in `benchmarks/tests`."""

from __future__ import annotations

import copyreg
import os
import signal

import pytest
from hypothesis import settings

# No test asserts a timing, and a first example may take long on a busy host.
settings.register_profile("advisor", deadline=None, print_blob=True)
settings.load_profile("advisor")

# The journal of `advise serve` would be that of the user who runs the tests.
os.environ["ADVISOR_JOURNAL"] = "off"

# A shell makes its background jobs ignore SIGINT, and nohup SIGHUP. Programs started by tests would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

pytest_plugins = ["tests.clusters"]  # fixtures that live as long as the session


@pytest.fixture(autouse=True)
def _exceptions_pickled_as_usual() -> None:
    """Undo what importing distributed does to the whole process: tblib pickles all exceptions in its own way."""
    for kind in [kind for kind in copyreg.dispatch_table if issubclass(kind, BaseException)]:
        del copyreg.dispatch_table[kind]


SLOW = {"browser", "database", "server", "wheel", "slow"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests of benchmarks; distribute files over the workers of pytest-xdist, slow ones first.

    The tests of a file run in the same worker, except those that have the mark `xdist_group`.
    """
    for item in items:
        if item.path.is_relative_to(config.rootpath / "benchmarks"):
            item.add_marker(pytest.mark.benchmark)
    if not config.pluginmanager.hasplugin("xdist"):
        return
    slow_files = {item.path for item in items if SLOW.intersection(mark.name for mark in item.iter_markers())}
    # Clients of clusters leave threads in a worker, so those tests come last.
    items.sort(key=lambda item: (item.path.stem.startswith("test_cluster"), item.path not in slow_files))
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
