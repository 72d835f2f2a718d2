"""What calls change in the user's other modules counts like what they change in the target's own."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import advisor

pytestmark = pytest.mark.slow

Make = Callable[[str, str], Callable[..., Any]]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Make]:
    """Make a target in one module that uses another, `store_<n>`, written as `store` in the target."""
    number = abs(hash(request.node.name))
    names = [f"store_{number}", f"target_{number}"]

    def make(store: str, target: str) -> Callable[..., Any]:
        for name, source in zip(names, (store, target), strict=True):
            Path(tmp_path, f"{name}.py").write_text(source.replace("store", names[0]))
        importlib.invalidate_caches()
        return importlib.import_module(names[1]).work  # type: ignore[no-any-return]

    monkeypatch.syspath_prepend(tmp_path)
    yield make
    for name in names:
        sys.modules.pop(name, None)


NUMBER = """
last = 0
def next_number():
    global last
    last += 1
    return last
"""
TOTALS = """
totals = {"calls": 0}
def count(number):
    totals["calls"] += 1
def calls():
    return totals["calls"]
"""
ROWS = """
rows = []
found = {}
def add(number):
    rows.append(number)
def put(number):
    found[number] = number * number
"""
OBJECT = """
class Account:
    def __init__(self):
        self.balance = 0
    def pay(self, amount):
        self.balance += amount
        return self.balance
account = Account()
"""

SHELVES = """
class Shelf:
    def __init__(self):
        self.rows = {}
    def put(self, number):
        self.rows[number] = [number]
shelf = Shelf()
"""


@pytest.mark.parametrize(
    ("store", "target", "name"),
    [
        (NUMBER, "import store\ndef work(n):\n    return store.next_number()", "last"),
        (NUMBER, "from store import next_number\ndef work(n):\n    return next_number() + n", "last"),
        (NUMBER, "def work(n):\n    import store\n    return store.next_number()\nimport store", "last"),
        (
            NUMBER,
            "import store\nclass Order:\n    def __init__(self):\n        self.id = store.next_number()\n"
            "def work(n):\n    return Order().id",
            "last",
        ),
        (TOTALS, "import store\ndef work(n):\n    store.count(n)", "totals"),
        (TOTALS, "from store import calls, count\ndef work(n):\n    count(n)\n    return calls()", "totals"),
        (TOTALS, "import store\ndef work(n):\n    store.totals['calls'] += n", "totals"),
        (ROWS, "import store\ndef work(n):\n    store.add(n)", "rows"),
        (ROWS, "import store\ndef work(n):\n    store.put(n)", "found"),
        (OBJECT, "import store\ndef work(n):\n    return store.account.pay(n)", "account.balance"),
        (SHELVES, "import store\ndef work(n):\n    store.shelf.put(n)", "shelf.rows"),
    ],
    ids=[
        "counter",
        "by name",
        "in the call",
        "class",
        "totals",
        "result",
        "directly",
        "list",
        "results",
        "object",
        "shelf",
    ],
)
def test_changes_in_another_module_are_found(make: Make, store: str, target: str, name: str) -> None:
    """They are named as code writes them, `module.name`, and lost with a worker process."""
    profile = advisor.profile(make(store, target), range(1, 40), budget=0.05)
    [touch] = profile.touches
    module, _, rest = touch.name.partition(".")
    assert (module.partition("_")[0], rest, touch.fork, touch.spawn) == ("store", name, "unsafe", "unsafe")
    assert profile.side_effects is not None
    assert profile.side_effects.globals_written == ()
    assert profile.side_effects.changed == (touch.name,)


MEMO = """
squares = {}
def square(n):
    if n not in squares:
        squares[n] = n * n
    return squares[n]
"""
OBJECTS = """
class Page:
    def __init__(self, number):
        self.number = number
pages = {}
def page(n):
    if n not in pages:
        pages[n] = Page(n)
    return pages[n]
"""
FINDER = """
class Finder:
    tables = {}
    def __init__(self):
        self.data = {}
    def find(self, n):
        if n not in self.data:
            self.data[n] = [n, n * n]
            Finder.tables[n] = {"n": n}
        return self.data[n]
finder = Finder()
"""
LRU_CACHE = """
import functools
@functools.lru_cache(maxsize=2)
def square(n):
    return n * n
"""
LAZY = """
table = None
size = None
def square(n):
    global table, size
    if table is None and n > 1:
        table, size = [i * i for i in range(100)], 100
    return n * n
"""
LAZY_LISTS = """
rows = []
index = {}
size = 0
def load():
    global size
    if not rows:
        rows.extend(range(100))
        index.update({row: position for position, row in enumerate(rows)})
        size = 100
def square(n):
    load()
    return rows[index[n]] ** 2
"""
PATTERNS = """
import re
patterns = {}
def matches(pattern, text):
    try:
        compiled = patterns[pattern]
    except KeyError:
        compiled = patterns[pattern] = re.compile(pattern)
    return compiled.match(text) is not None
"""
SETTINGS = """
class Settings:
    def __init__(self):
        self.factor = 3
        self._text = None
    @property
    def text(self):
        if self._text is None:
            self._text = "text"
        return self._text
settings = Settings()
table = {"rates": {1: 2.0}, "rows": [[1, 2], [3, 4]]}
"""
LOGGER = """
import logging
log = logging.getLogger("store")
log.addHandler(logging.NullHandler())
log.propagate = False
"""


@pytest.mark.parametrize(
    ("store", "target"),
    [
        (MEMO, "import store\ndef work(n):\n    return store.square(n)"),
        (MEMO, "import store\ndef work(n):\n    store.square(n)"),
        (OBJECTS, "from store import page\ndef work(n):\n    return page(n).number"),
        (OBJECTS, "from store import page\ndef work(n):\n    page(n)"),
        (FINDER, "import store\ndef work(n):\n    return store.finder.find(n)[0]"),
        (FINDER, "import store\ndef work(n):\n    store.finder.find(n)"),
        (LRU_CACHE, "import store\ndef work(n):\n    return store.square(n)"),
        (LAZY, "import store\ndef work(n):\n    return store.square(n)"),
        (LAZY, "import store\ndef work(n):\n    store.square(n)"),
        (LAZY_LISTS, "import store\ndef work(n):\n    return store.square(n)"),
        (LAZY_LISTS, "import store\ndef work(n):\n    store.square(n)"),
        (PATTERNS, "import store\ndef work(n):\n    return store.matches('x' * n, 'xx')"),
        (PATTERNS, "import store\ndef work(n):\n    store.matches('x' * n, 'xx')"),
        (SETTINGS, "import store\ndef work(n):\n    return n * store.settings.factor, store.settings.text"),
        (SETTINGS, "import store\ndef work(n):\n    return store.table['rates'].get(n), store.table['rows'][0]"),
        (LOGGER, "import store\ndef work(n):\n    store.log.info('n is %d', n)\n    return n"),
    ],
)
def test_caches_and_constants_in_another_module_are_harmless(make: Make, store: str, target: str) -> None:
    """Each worker process may have its own, also if calls return nothing."""
    profile = advisor.profile(make(store, target), range(1, 40), budget=0.05)
    assert profile.touches == ()
    assert profile.side_effects is not None
    assert profile.side_effects.changed == ()


def test_what_only_the_first_call_adds_is_found(make: Make) -> None:
    """A later call may find more, unless the first one looks if there is nothing yet."""
    source = "import store\ndef work(n):\n    if n == 1:\n        store.add(n)\n    return len(store.rows) > n"
    [touch] = advisor.profile(make(ROWS, source), range(1, 40), budget=0.05).touches
    assert touch.fork == "unsafe"


def test_an_object_of_two_modules_is_named_once(make: Make) -> None:
    """An imported name comes before `module.name`."""
    source = "from store import add, rows\ndef work(n):\n    add(n)\n    return len(rows)"
    [touch] = advisor.profile(make(ROWS, source), range(1, 40), budget=0.05).touches
    assert touch.name == "rows"


def test_many_objects_elsewhere_leave_room_for_the_targets_own(make: Make) -> None:
    """The number of objects that are inspected is limited; the target's own come first."""
    names = [f"table_{number}" for number in range(60)]
    store = "\n".join(f"{name} = [{name!r}]" for name in names) + f"\ndef size():\n    return len([{', '.join(names)}])"
    target = """
import store
class Packer:
    def __init__(self):
        self.scratch = bytearray(8)
    def pack(self, n):
        self.scratch[:] = (n * store.size()).to_bytes(8, "big")
        return bytes(self.scratch)
work = Packer().pack
"""
    [touch] = advisor.profile(make(store, target), range(1, 40), budget=0.05).touches
    assert (touch.name, touch.resource) == ("self.scratch", "scratch buffer")
