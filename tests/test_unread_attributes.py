"""Attributes that the user's code only writes are told from those that something may read."""

from __future__ import annotations

import importlib.util
import operator
import sys
from pathlib import Path
from types import ModuleType

import pytest

import advisor
from advisor.measure.shared_state.unread_attributes import is_unread

CLASS = """\
class Thing:
    def __init__(self):
        self.tally_of_calls = 0

    def work(self):
        {line}
"""


def loaded(source: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a module of the user's that seems to be loaded from this source."""
    module = ModuleType("tallies")
    module.__file__ = str(folder / "tallies.py")
    (folder / "tallies.py").write_text(source)
    monkeypatch.setitem(sys.modules, "tallies", module)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("self.tally_of_calls += 1", True),
        ("self.tally_of_calls = 3", True),
        ("self.other += self.third; self.tally_of_calls += 1", True),
        ("self.tally_of_calls += self.other", False),
        ("self.tally_of_calls = self.tally_of_calls + 1", False),
        ("self.tally_of_calls += 1; return self.tally_of_calls", False),
        ("self.tally_of_calls += 1; return getattr(self, 'tally_of_calls')", False),
        ("self.tally_of_calls += 1; return vars(self)", False),
        ("self.tally_of_calls += 1; return self.__dict__", False),
        ("self.tally_of_calls += 1; print(f'{self.tally_of_calls}')", False),
    ],
)
def test_an_attribute_is_unread_if_no_code_reads_it(
    line: str, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counting by a constant and setting do not read it; anything that may get at its value does."""
    loaded(CLASS.format(line=line), tmp_path, monkeypatch)
    assert is_unread("tally_of" + "_calls") is expected


def test_what_no_source_tells_of_may_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the source is missing, cannot be parsed, or is too long."""
    name = "tally_of" + "_calls"
    assert not is_unread("set_by_nobody" + "_here")
    loaded(CLASS.format(line="self.tally_of_calls += "), tmp_path, monkeypatch)
    assert not is_unread(name)
    loaded(CLASS.format(line="pass") + "#" * (1 << 18), tmp_path, monkeypatch)
    assert not is_unread(name)


SHOWN = """\
import dataclasses

@dataclasses.dataclass
class Stats:
    visits_of_calls: int = 0

class Crawler:
    def __init__(self):
        self.stats = Stats()
        self.visits_of_calls = 0

    def fetch(self, number):
        self.stats.visits_of_calls += 1
        return number

    def fetch_plainly(self, number):
        self.visits_of_calls += 1
        return number

STATS = Stats()
crawler = Crawler()

def count(number):
    STATS.visits_of_calls += 1
    return number
"""


@pytest.mark.parametrize(
    ("function", "line", "safety"),
    [
        ("count", "pass", "caution"),
        ("count", "print(crawler)", "caution"),
        ("count", "print(stats_of_calls.STATS.other)", "caution"),
        ("count", "print('all of it', stats_of_calls.STATS)", "unsafe"),
        ("count", "from stats_of_calls import STATS; logging.info('%s', STATS)", "unsafe"),
        ("crawler.fetch", "pass", "caution"),
        ("crawler.fetch", "print(f'{stats_of_calls.crawler.stats}')", "unsafe"),
        ("crawler.fetch_plainly", "print(crawler)", "caution"),
    ],
)
def test_an_object_that_shows_its_attributes_is_read_where_it_is_printed(
    function: str, line: str, safety: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a dataclass does, in whatever module; other objects show their addresses."""
    (tmp_path / "stats_of_calls.py").write_text(SHOWN)
    (tmp_path / "main_of_calls.py").write_text(f"import stats_of_calls\ndef main():\n    {line}\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("stats_of_calls", "main_of_calls"):
        monkeypatch.delitem(sys.modules, name, raising=False)
        monkeypatch.setitem(sys.modules, name, importlib.import_module(name))
    target = operator.attrgetter(function)(sys.modules["stats_of_calls"])
    [touch] = advisor.profile(target, range(5), budget=0.02).touches
    assert (touch.fork, touch.spawn) == (safety, safety)


class Counter:
    """Counts its calls, which makes measuring look through all of the user's modules."""

    def __init__(self) -> None:
        self.calls_so_far = 0

    def count(self, number: int) -> int:
        self.calls_so_far += 1
        return number


def test_a_module_that_loads_when_it_is_used_is_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may take long, or raise, as this one does."""
    (tmp_path / "lazy_one.py").write_text("raise ImportError('it was loaded')")
    spec = importlib.util.spec_from_file_location("lazy_one", tmp_path / "lazy_one.py")
    assert spec is not None
    assert spec.loader is not None
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "lazy_one", module)
    spec.loader.exec_module(module)
    touches = advisor.profile(Counter().count, range(5), budget=0.02).touches
    assert [touch.name for touch in touches] == ["self.calls_so_far"]
    with pytest.raises(ImportError, match="it was loaded"):
        module.anything  # noqa: B018  (loads it)
