"""The result of a search for races as text, HTML and JSON."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest

from advisor import display
from advisor.models import RaceFinding, RaceReport
from advisor.report import race_wording, races, races_html
from advisor.report.layout import Screen, display_width
from tests.sample_races import DEADLOCK, FILE, LOST, NONE, UNCLEAR, step
from tests.test_html import HOSTILE, Markup

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")

LOST_TEXT = """\
Race: 2 calls of bank:deposit at once can lose an update
7 interleavings in 420 ms · CPython 3.11.14
It can happen under the GIL, on this interpreter too.

In bank.py
Call 1: deposit(5)                     │ Call 2: deposit(7)
deposit                                │
8 now = balance                        │
  → reads balance = 0                  │
                                       │ deposit
                                       │ 8 now = balance
                                       │   → reads balance = 0
                                       │ 9 balance = now + amount
                                       │   → writes balance = 7
9 balance = now + amount               │
  → writes balance = 5                 │

Came out    balance = 5
Expected    balance = 12

Fix         One lock around lines 8–9 of bank.py. The same search then finds
            nothing in 9 interleavings, and threads are predicted to be 1.4× as
            fast as a plain loop.
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

Replay      advise races bank:deposit … --replay 17
"""

LOST_STEPS_AT_120 = """\
In bank.py
Call 1: deposit(5)                                         │ Call 2: deposit(7)
deposit                                                    │
8 now = balance                                            │
  → reads balance = 0                                      │
                                                           │ deposit
                                                           │ 8 now = balance
                                                           │   → reads balance = 0
                                                           │ 9 balance = now + amount
                                                           │   → writes balance = 7
9 balance = now + amount                                   │
  → writes balance = 5                                     │
"""

LOST_STEPS_AT_50_IN_ASCII = """\
In bank.py
Call 1: deposit(5)
Call 2: deposit(7)
1 | deposit
  | 8 now = balance
  |   > reads balance = 0
2 | deposit
  | 8 now = balance
  |   > reads balance = 0
2 | 9 balance = now + amount
  |   > writes balance = 7
1 | 9 balance = now + amount
  |   > writes balance = 5
"""

DEADLOCK_TEXT = """\
Deadlock: 2 calls of bank.py:transfer at once can deadlock
3 interleavings in 100 ms · CPython 3.13.0
It can happen under the GIL, on this interpreter too.

In bank.py
Call 1: transfer('a', 'b')             │ Call 2: transfer('b', 'a')
transfer                               │
20 with locks[source]:                 │
   → acquires locks['a']               │
                                       │ transfer
                                       │ 20 with locks[source]:
                                       │    → acquires locks['b']
                                       │ 21 with locks[target]:
                                       │    → waits for locks['a']
21 with locks[target]:                 │
   → waits for locks['b']              │

Stuck       Call 1 holds locks['a'] since line 20 and waits for locks['b'] in
            line 21
            Call 2 holds locks['b'] since line 20 and waits for locks['a'] in
            line 21

Replay      advise races bank.py:transfer … --replay 3
"""

NONE_TEXT = """\
No race found between 2 calls of bank:deposit_safely at once
1,412 interleavings in 20 s · CPython 3.11.14

Tried       all interleavings with at most 2 switches at conflicting accesses,
            then 1,200 random ones
Calls       Call 1: deposit_safely(5)
            Call 2: deposit_safely(7)
Caveat      Not a proof. Other inputs, more calls at once, more switches than
            were tried, and effects that the search cannot compare, such as
            requests to other hosts, may still go wrong.
"""

UNCLEAR_TEXT = """\
Unclear: the search cannot tell if 2 calls of bank:receipt at once go wrong
40 interleavings in 1 s · CPython 3.11.14

Why         The results differ by themselves, also when the calls run one after
            the other: they hold the time.
Tried       all interleavings with at most 2 switches
"""

MEND = (
    "One lock around lines 8–9 of bank.py. The same search then finds nothing in 9 interleavings, and threads are "
    "predicted to be 1.4× as fast as a plain loop."
)
LOST_HTML = f"""\
Race: 2 calls of bank:deposit at once can lose an update
bank:deposit
· 7 interleavings in 420 ms · CPython 3.11.14
Race: 2 calls of bank:deposit at once can lose an update
It can happen under the GIL, on this interpreter too.
The lines of each call, in the order of time
Step
Call 1: deposit(5)
Call 2: deposit(7)
1
Call 1
deposit, bank.py
8
now
=
balance
reads balance = 0
2
Call 2
deposit, bank.py
8
now
=
balance
reads balance = 0
3
Call 2
9
balance
=
now
+
amount
writes balance = 7
4
Call 1
9
balance
=
now
+
amount
writes balance = 5
What came out
balance = 5
What comes out of the calls one after the other
balance = 12
How to mend it
{MEND}
--- bank.py
+++ bank.py
@@ -1,2 +1,5 @@
+import threading
+
balance = 0
+balance_lock = threading.Lock()
@@ -8,2 +11,3 @@
- now = balance
- balance = now + amount
+ with balance_lock:
+ now = balance
+ balance = now + amount
What this rests on
Tried
all interleavings with at most 2 switches
Calls
Call 1: deposit(5)
Call 2: deposit(7)
Interpreter
CPython 3.11.14
Again
advise races bank:deposit … --replay 17
"""


def with_steps(*steps: Any) -> RaceReport:
    assert LOST.finding is not None
    return LOST.model_copy(update={"finding": LOST.finding.model_copy(update={"steps": steps})})


def columns(report: RaceReport, screen: Screen) -> str:
    """The block of the steps."""
    return races.as_text(report, screen).split("\n\n")[1] + "\n"


@pytest.mark.parametrize(
    ("report", "text"), [(LOST, LOST_TEXT), (DEADLOCK, DEADLOCK_TEXT), (NONE, NONE_TEXT), (UNCLEAR, UNCLEAR_TEXT)]
)
def test_a_result_fits_one_screen(report: RaceReport, text: str) -> None:
    """The verdict comes first, then the lines in the order of time, what came out, and the lock; or what was tried."""
    assert races.as_text(report, Screen()) == text


def test_the_columns_follow_the_width() -> None:
    """A wide window has wide columns; in a narrow one, the steps are below each other with the number of their call."""
    assert columns(LOST, Screen(width=120)) == LOST_STEPS_AT_120
    assert columns(LOST, Screen(width=50, encoding="ascii")) == LOST_STEPS_AT_50_IN_ASCII


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_is_wider_than_the_screen(width: int) -> None:
    """Code, values and arguments that are too long are broken, and cut after a few lines."""
    code = "self.accounts[customer.identifier].balance = self.accounts[customer.identifier].balance + amount - fee"
    report = with_steps(
        step(1, 8, code, "reads self.accounts['0815'].balance = " + "x" * 200),
        step(2, 9, "x" * 200, "writes total = " + ", ".join(["1234567890"] * 40)),
    ).model_copy(update={"inputs": ("deposit(" + "y" * 200 + ")", "deposit(" + "1, " * 200 + ")"), "mended": None})
    for number, line in enumerate(races.as_text(report, Screen(width=width)).splitlines()):
        assert display_width(line) <= width, (number, line)


def test_long_code_is_broken_between_words() -> None:
    """The rest of a long line of code follows on a line of its own, a longer rest is cut."""
    report = with_steps(step(1, 8, "balance = balance + amount - the_fee_for(the_customer)", "writes balance = 5"))
    assert "balance = balance + amount - the_fee_for(the_customer)\n" in columns(report, Screen(width=80))
    report = with_steps(step(1, 8, "aaaa = " + "bbbb + " * 30 + "c"), step(2, 8, "pass"))
    lines = columns(report, Screen()).splitlines()
    assert [line.partition("│")[0].rstrip() for line in lines[3:5]] == [
        "8 aaaa = bbbb + bbbb + bbbb + bbbb +",
        "    bbbb + bbbb + bbbb + bbbb + bbbb …",
    ]


def test_many_steps_are_shortened() -> None:
    """Of many steps the first and the last are shown, and how many are not."""
    text = columns(with_steps(*(step(1 + n % 2, n + 1, f"line_{n}()") for n in range(40))), Screen())
    assert "line_7()" in text
    assert "\n… 16 more steps, with --json\n" in text
    assert "line_8()" not in text
    assert "line_24()" in text


def test_three_calls_have_three_columns_where_they_fit() -> None:
    """Each call has a column; where three are too narrow, each step has the number of its call."""
    report = with_steps(step(1, 1, "a"), step(3, 2, "b"), step(2, 3, "c"))
    assert columns(report, Screen(width=110)).splitlines()[1].count("│") == 2
    assert re.findall(r"^(\d) ", columns(report, Screen()), re.MULTILINE) == ["1", "3", "2"]


def test_steps_in_several_files_name_theirs() -> None:
    """Where the lines are in more than one file, each change of function says in which."""
    other = step(1, 7, "now = int(text)", function="parse").model_copy(update={"file": "/home/ann/shop/amounts.py"})
    text = columns(with_steps(step(1, 8, "now = balance"), other, step(1, 9, "balance = now")), Screen())
    assert text == (
        "Call 1: deposit(5)\ndeposit, bank.py\n8 now = balance\nparse, amounts.py\n7 now = int(text)\n"
        "deposit, bank.py\n9 balance = now\n"
    )


def test_files_are_told_apart_by_as_little_as_needed() -> None:
    """A path is its name, with its folder where another file has the same name."""
    assert race_wording.file_names({FILE}) == {FILE: "bank.py"}
    assert race_wording.file_names({"/a/x/m.py", "/a/y/m.py"}) == {"/a/x/m.py": "x/m.py", "/a/y/m.py": "y/m.py"}
    assert race_wording.file_names(()) == {}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("lost update", "Race: 2 calls of bank:deposit at once can lose an update"),
        (
            "different result",
            "Race: 2 calls of bank:deposit at once can give a result that they never give one after the other",
        ),
        (
            "exception",
            "Race: 2 calls of bank:deposit at once can raise an exception that they never raise one after the other",
        ),
        ("deadlock", "Deadlock: 2 calls of bank:deposit at once can deadlock"),
    ],
)
def test_the_verdict_says_what_goes_wrong(kind: str, text: str) -> None:
    """Each kind of finding has a sentence."""
    assert LOST.finding is not None
    assert (
        race_wording.verdict(LOST.model_copy(update={"finding": LOST.finding.model_copy(update={"kind": kind})}))
        == text
    )


def test_a_race_without_the_gil_only_is_said_to_be_one() -> None:
    """A finding that this interpreter's GIL prevents says where it can happen."""
    assert LOST.finding is not None
    report = LOST.model_copy(update={"finding": LOST.finding.model_copy(update={"with_gil": False})})
    assert "\nUnder its GIL, this interpreter does not switch threads at these places." in races.as_text(
        report, Screen()
    )


@pytest.mark.parametrize(
    ("update", "text"),
    [
        ({"speedup": None}, "The same search then finds nothing in 9 interleavings."),
        ({"speedup": 1.01}, "9 interleavings, but threads are predicted to be no faster than a plain loop."),
        ({"first_line": 9}, "One lock around line 9 of bank.py."),
    ],
)
def test_a_lock_that_costs_or_fails_says_so(update: dict[str, object], text: str) -> None:
    """The sentence on the lock says what the search found with it and what threads then gain."""
    assert LOST.mended is not None
    assert text in race_wording.mend(LOST.mended.model_copy(update=update))


def test_what_is_better_than_a_lock_is_named() -> None:
    """The standard library's own remedy is shown with the lock, in text and HTML."""
    assert LOST.mended is not None
    report = LOST.model_copy(update={"mended": LOST.mended.model_copy(update={"instead": "`itertools.count`"})})
    assert "\nBetter      `itertools.count`\n" in races.as_text(report, Screen())
    assert "<strong>Better:</strong> <code>itertools.count</code>" in races_html.as_page(report)


def test_colours_do_not_change_the_text() -> None:
    """Colours add escape sequences and nothing else."""
    coloured = races.as_text(LOST, Screen(colours=True))
    assert coloured != LOST_TEXT
    assert ESCAPES.sub("", coloured) == LOST_TEXT


def test_an_escape_sequence_in_a_value_does_not_reach_the_terminal() -> None:
    """Control characters from the target become blanks, in every part."""
    hostile = "\x1b[2J\x07"
    assert LOST.mended is not None
    report = LOST.model_copy(
        update={
            "inputs": (hostile, hostile),
            "target": hostile,
            "python": hostile,
            "finding": RaceFinding(
                kind="exception",
                with_gil=True,
                steps=(step(1, 1, hostile, hostile, function=hostile),),
                observed=hostile,
                possible=(hostile,),
                seed=1,
            ),
            "mended": LOST.mended.model_copy(update={"patch": hostile, "instead": hostile, "file": hostile}),
        }
    )
    assert not set(races.as_text(report, Screen())) & {"\x1b", "\x07"}


def test_all_texts_of_the_html() -> None:
    """The view holds the verdict, the steps with their effects, what came out, the lock and what was tried."""
    assert Markup(races_html.as_page(LOST)).text.partition("}\n")[2] == LOST_HTML


def test_the_html_has_a_cell_for_each_call() -> None:
    """Each row of the table has the cell of its call, and an empty one for each other call."""
    cells = [a["class"] for tag, a in Markup(races_html.as_page(LOST)).elements if tag == "td"]
    assert cells == ["call-1", "idle", "idle", "call-2", "idle", "call-2", "call-1", "idle"]


@pytest.mark.parametrize("report", [DEADLOCK, NONE, UNCLEAR])
def test_other_verdicts_as_html(report: RaceReport) -> None:
    """Every verdict has a page, with who waits for whom, what was tried, or why it is unclear."""
    text = Markup(races_html.as_page(report)).text
    assert report.bound in text
    assert race_wording.verdict(report).split(":")[0] in text
    if report.finding is not None:
        assert "Who waits for whom\nCall 1 holds locks['a'] since line 20 and waits for locks['b'] in line 21\n" in text
    else:
        assert (report.why or race_wording.MISSES) in text


def test_nothing_in_a_result_becomes_markup() -> None:
    """Texts are escaped everywhere, whatever they hold."""
    assert LOST.mended is not None
    report = LOST.model_copy(
        update={
            "target": HOSTILE,
            "why": HOSTILE,
            "bound": HOSTILE,
            "python": HOSTILE,
            "inputs": (HOSTILE, HOSTILE),
            "finding": RaceFinding(
                kind="exception",
                with_gil=False,
                steps=(step(1, 1, HOSTILE, HOSTILE, function=HOSTILE), step(2, 1, "x" * 10_000)),
                observed=HOSTILE,
                possible=(HOSTILE,),
                seed=1,
            ),
            "mended": LOST.mended.model_copy(update={"patch": HOSTILE, "instead": HOSTILE, "file": HOSTILE}),
        }
    )
    for render in (races_html.as_page, races_html.as_cell_output):
        markup = Markup(render(report))
        assert not {"script", "img", "link", "iframe", "object"} & {tag for tag, _ in markup.elements}
        assert not [name for _, attributes in markup.elements for name in attributes if name.startswith("on")]
        assert "<script" not in render(report)


def test_a_result_shows_itself() -> None:
    """A notebook gets HTML with its styles, an interpreter the text of the terminal."""
    assert LOST._repr_html_().startswith("<style>")
    assert str(LOST) == LOST_TEXT
    assert display.as_page(LOST).startswith("<!doctype html>")


TEXT = {"type": "string"}
NUMBER = {"type": "integer", "minimum": 0}
STEP = {
    "type": "object",
    "properties": {
        "thread": NUMBER,
        "file": TEXT,
        "line": NUMBER,
        "function": TEXT,
        "source": TEXT,
        "effect": TEXT,
    },
    "required": ["thread", "file", "line", "function", "source", "effect"],
    "additionalProperties": False,
}
FINDING = {
    "type": "object",
    "properties": {
        "kind": {"enum": ["lost update", "different result", "exception", "deadlock"]},
        "with_gil": {"type": "boolean"},
        "steps": {"type": "array", "items": STEP, "minItems": 1},
        "observed": TEXT,
        "possible": {"type": "array", "items": TEXT},
        "seed": NUMBER,
    },
    "required": ["kind", "with_gil", "steps", "observed", "possible", "seed"],
}
MENDED = {
    "type": "object",
    "properties": {
        "file": TEXT,
        "first_line": NUMBER,
        "last_line": NUMBER,
        "schedules": NUMBER,
        "verdict": {"enum": ["race", "deadlock", "none", "unclear"]},
        "speedup": {"type": ["number", "null"]},
    },
    "required": ["file", "first_line", "last_line", "schedules", "verdict", "speedup"],
}
DOCUMENT = {
    "type": "object",
    "properties": {
        "target": TEXT,
        "verdict": {"enum": ["race", "deadlock", "none", "unclear"]},
        "schedules": NUMBER,
        "bound": TEXT,
        "python": TEXT,
        "finding": {"anyOf": [FINDING, {"type": "null"}]},
        "mended": {"anyOf": [MENDED, {"type": "null"}]},
    },
    "required": ["target", "verdict", "schedules", "bound", "python", "finding", "mended"],
}


@pytest.mark.parametrize("report", [LOST, DEADLOCK, NONE, UNCLEAR])
def test_the_document_has_the_fields_that_are_promised(report: RaceReport) -> None:
    """The JSON document has every field, null where there is nothing, and reads back as the same record."""
    document = report.model_dump_json()
    jsonschema.validate(json.loads(document), DOCUMENT)
    assert RaceReport.model_validate_json(document) == report
