"""Advice and the decision matrix as text."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.decide.matrix_document import as_json
from advisor.models import Advice, Pitfall, Profile, Verification
from advisor.report import matrix, terminal
from advisor.report.formatting import duration_range, times_range
from advisor.report.layout import Screen, display_width
from tests.sample_advice import DOWNLOAD, EVENT_LOOP, IMAGES, UNDECIDED, around

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")

DOWNLOAD_TEXT = """\
Threading with 32 workers: 14× as fast (12–16×)
my_module:fetch · 1,000 calls in 3.7 s (3.2–4.4 s) · 52 s sequentially
Run the 1,000 calls in a thread pool with 32 workers: about 3.7 s instead of
52 s.

Where a call's time goes (52 ms)
███▓▓░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░
█ holding the GIL 4 % 2.1 ms   ▓ native, GIL released 2 % 1.1 ms
░ waiting 93 % 49 ms   · ready, no core free 1 % 300 µs

  Strategy         Workers   Time  Speed-up      Why
▸ threading             32  3.7 s  14× (12–16)   limited by the GIL: 2.1 ms of a
                                                 call
  multiprocessing       24  4.1 s  12× (10–16)   as many waits overlap, but
                                                 every worker starts an …
  sequential             1   52 s  1×            one call after the other
  asyncio                –      –  not possible  not a coroutine function

Why
• A call waits for 93 % of its time, and a thread that waits holds no GIL:
  others run meanwhile.

Watch for
• If the server limits its rate, more workers do not help.

Confidence  very high (96 %): measured (57 calls); the GIL observed from outside
            (±1 %); planned for 2 cores

Code        add --code to the same command to print ready-to-run code
"""

IMAGES_TEXT_IN_ASCII = """\
Multiprocessing with 2 workers: 1.8x as fast (1.3-2x)
100 calls in 5.5 s (4-9 s)
Use a process pool with one worker for each core.

Where a call's time goes (assumed, as for image: 100 ms)
################################################============
# holding the GIL 80 % 80 ms
= native, GIL released 20 % 20 ms

Why
* Processing 100 images: CPU bound.

Confidence  high (72 %): from the description alone, nothing
            was measured; planned for 2 cores, assuming
            typical pool costs

Code
  if __name__ == "__main__":
      print("x")
"""

UNDECIDED_TEXT = """\
Undecided: not enough information
More information is needed.

What would decide it
• Does one core stay busy, or does the program wait?

Confidence  low (0 %): from the description alone, nothing was measured; planned
            for 1 core, assuming typical pool costs
"""


def test_a_measured_advice_fits_one_screen() -> None:
    """A measured advice is one screen of 80 columns: verdict, time bar, alternatives, reasons, warnings, certainty."""
    assert terminal.as_text(DOWNLOAD, Screen()) == DOWNLOAD_TEXT


def test_described_advice_in_ascii_at_60_columns() -> None:
    """A narrow window without Unicode gets the same text in ASCII; the code of a description is shown in full."""
    assert terminal.as_text(IMAGES, Screen(width=60, encoding="ascii")) == IMAGES_TEXT_IN_ASCII


def test_an_undecided_case_asks() -> None:
    """Undecided advice shows the questions that would decide it, and neither table nor bar."""
    assert terminal.as_text(UNDECIDED, Screen()) == UNDECIDED_TEXT


@pytest.mark.parametrize("width", [60, 80, 110])
@pytest.mark.parametrize("advice", [DOWNLOAD, IMAGES, UNDECIDED])
def test_no_line_is_wider_than_the_screen(advice: Advice, width: int) -> None:
    """Every line fits into the width."""
    assert all(display_width(line) <= width for line in terminal.as_text(advice, Screen(width=width)).splitlines())


def test_a_narrow_table_puts_the_explanations_below() -> None:
    """Where the last column has too little space, its text follows below the row."""
    text = terminal.as_text(DOWNLOAD, Screen(width=60))
    assert "  asyncio                –      –  not possible\n    not a coroutine function\n" in text


@pytest.mark.parametrize("advice", [DOWNLOAD, IMAGES, UNDECIDED])
def test_colours_do_not_change_the_text(advice: Advice) -> None:
    """Colours, of code too, add escape sequences and nothing else."""
    plain = terminal.as_text(advice, Screen())
    coloured = terminal.as_text(advice, Screen(colours=True))
    assert "\x1b" not in plain
    assert coloured != plain
    assert ESCAPES.sub("", coloured) == plain
    if advice is IMAGES:
        assert ESCAPES.search(coloured.partition("print")[2])


def test_an_escape_sequence_in_a_message_does_not_reach_the_terminal() -> None:
    """Control characters from the target become blanks, in text and in code."""
    hostile = DOWNLOAD.model_copy(
        update={
            "summary": "red\x1b[31m alert\x07\r\nsecond line",
            "snippet": "print('\x1b]0;title\x07')\n",
            "alternatives": (EVENT_LOOP.model_copy(update={"why": "raised \x1b[2J"}),),
        }
    )
    text = terminal.as_text(hostile, Screen())
    assert not set(text) & {"\x1b", "\x07", "\r"}
    assert "red [31m alert second line\n" in text


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, Screen(80, False)),
        ({"FORCE_COLOR": "1"}, Screen(80, True)),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, Screen(80, False)),
        ({"COLUMNS": "70"}, Screen(70, False)),
        ({"COLUMNS": "200"}, Screen(110, False)),  # longer lines are hard to read
    ],
)
def test_the_environment_decides_in_a_pipe(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: Screen
) -> None:
    """A pipe gets no colours unless FORCE_COLOR asks for them, NO_COLOR always wins, and COLUMNS sets the width."""
    for name in ("FORCE_COLOR", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert Screen.of(io.StringIO()) == expected


def bar_of(profile: Profile, width: int) -> str:
    text = terminal.as_text(DOWNLOAD.model_copy(update={"profile": profile}), Screen(width=width))
    return text.partition("Where a call's time")[2].splitlines()[1]


def test_what_was_not_measured_has_its_own_share() -> None:
    """An unknown share has its own part of the bar."""
    bar = bar_of(Profile(calls=1, wall=1.0, gil_held=None, gil_free=None, child_cpu=0.0, wait=0.25), 80)
    assert bar == "░" * 20 + "?" * 60


def test_the_title_names_cores_kept_busy() -> None:
    """The title says how many cores a call keeps busy by itself."""
    profile = Profile(calls=3, wall=1.0, gil_held=0.1, gil_free=3.5, child_cpu=0.0, wait=0.0, native_threads=3.6)
    text = terminal.as_text(DOWNLOAD.model_copy(update={"profile": profile}), Screen())
    assert "Where a call's time goes (1 s, about 3.6 cores busy at once)\n" in text
    assert "holding the GIL 3 % 100 ms   ▓ native, GIL released 97 % 3.5 s\n" in text


@given(
    shares=st.lists(st.floats(0, 1e3), min_size=4, max_size=4).filter(lambda shares: sum(shares) > 1e-3),
    width=st.integers(60, 110),
)
def test_the_bar_fills_the_width_exactly(shares: list[float], width: int) -> None:
    """The bar is as wide as the screen for all proportions."""
    held, free, child, wait = shares
    profile = Profile(calls=1, wall=sum(shares), gil_held=held, gil_free=free, child_cpu=child, wait=wait)
    assert len(bar_of(profile, width)) == width


def test_a_failed_verification_says_why() -> None:
    """The table of trial runs compares predicted and measured seconds, or shows the failure."""
    runs = (
        Verification(strategy="threading", workers=32, calls=200, predicted=0.8, measured=0.82),
        Verification(
            strategy="threading", workers=8, calls=9, predicted=1.0, measured=1.0, results="different", difference="7!"
        ),
        Verification(strategy="threading", workers=4, calls=9, predicted=1.0, measured=5.0, cut_off=True),
        Verification(
            strategy="multiprocessing", workers=2, calls=200, predicted=1.5, measured=1.5, results="not comparable"
        ),
        Verification(strategy="multiprocessing", workers=4, calls=200, predicted=1.5, measured=1.5, results="equal"),
        Verification(strategy="sequential", workers=1, calls=40, predicted=1.0, measured=3.0),
        Verification(strategy="asyncio", workers=8, calls=0, predicted=1.0, measured=0.0, failure="it raised OSError"),
    )
    text = terminal.as_text(DOWNLOAD.model_copy(update={"verification": runs}), Screen(width=100))
    assert (
        """
  Trial run        Workers  Calls  Predicted  Measured  Result
  threading             32    200     800 ms  820 ms    as predicted
  threading              8      9        1 s  1 s       different results: 7!
  threading              4      9        1 s  over 5 s  cut off
  multiprocessing        2    200      1.5 s  1.5 s     results not comparable; as predicted
  multiprocessing        4    200      1.5 s  1.5 s     same results; as predicted
  sequential             1     40        1 s  3 s       3× as long as predicted
  asyncio                8      0        1 s  –         failed: it raised OSError
"""
        in text
    )


def test_long_lists_are_cut_and_say_so() -> None:
    """The first four warnings are shown, and the number of the others."""
    warnings = tuple(Pitfall(code=str(number), text=f"pitfall {number}") for number in range(6))
    text = terminal.as_text(DOWNLOAD.model_copy(update={"warnings": warnings}), Screen())
    assert "Watch for\n• pitfall 0\n• pitfall 1\n• pitfall 2\n• pitfall 3\n  and 2 more, with --json\n" in text


def test_ranges_show_a_common_unit_once() -> None:
    """A common unit of both ends appears once, and so do equal ends."""
    assert duration_range(around(3.2, 3.7, 4.4)) == "3.2–4.4 s"
    assert duration_range(around(0.0009, 0.001, 0.0011)) == "900 µs–1.1 ms"
    assert times_range(around(12, 14, 16)) == "12–16×"
    assert times_range(around(14.1, 14.2, 14.3)) == "14×"


def test_a_figure_stays_with_its_unit() -> None:
    """A line is not broken between a number and its unit."""
    text = terminal.as_text(IMAGES.model_copy(update={"summary": f"{'x' * 50} about 52 ms"}), Screen(width=60))
    assert f"\n{'x' * 50} about\n52 ms\n" in text


def test_wide_characters_count_as_two_columns() -> None:
    """East Asian characters take two columns of a terminal and combining accents none."""
    assert display_width("abc") == 3
    assert display_width("日本") == 4
    assert display_width("e\u0301") == 1


def test_the_matrix_shows_every_row() -> None:
    """Every task, rule, pitfall and lexicon entry appears in the text, with its source."""
    tables = as_json()
    text = " ".join(matrix.as_text(tables, Screen(width=110)).split())
    rows = [row for rows in tables.values() for row in rows]
    assert len(rows) > 40
    for row in rows:
        assert str(row.get("task") or row.get("rule") or row.get("code") or row.get("name")) in text
        assert str(row["source"]) in text
