"""A survey as text, HTML and JSON."""

from __future__ import annotations

import re

import pytest

from advisor import display
from advisor.models import LoopObstacle, Range, SurveyReport
from advisor.report import survey, survey_html, survey_wording
from advisor.report.layout import Screen, display_width
from tests.sample_surveys import GAIN, ITEMS, LEDGER, NO_LOOP, ORDERS
from tests.test_html import HOSTILE, Markup

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
GAIN_TEXT = """\
The program becomes 2.2× as fast with 4 processes for the loop at
shop/report.py:12: about 4.5 s instead of 10 s.
shop/report.py --year 2024 · 10 s · 2 runs · gains for 4 cores

1.  shop/report.py:12 in main
    for order in orders:
    ███████████████░░░░░ 75 % (7.5 s), 2,000 iterations of 3.8 ms
    Gain      2.2× for the program (2–2.3×), 3.6× for the loop, with 4 processes
    Why       iterations share only `totals` (appended to); 6 iterations were
              watched
    Note      line 14 prints with `print`, in the order of the loop

2.  shop/prices.py:3 in price, within loop 1
    for item in order.items:
    ████████████░░░░░░░░ 60 % (6 s), 40,000 iterations of 150 µs in 2,000
                         executions
    Gain      none: workers would cost more than they save
    Why       no iteration reads what another one writes; 6 iterations were
              watched

3.  shop/report.py:20
    for entry in ledger:
    ███░░░░░░░░░░░░░░░░░ 15 % (1.5 s), 300 iterations of 5 ms
    Gain      none: iterations depend on earlier ones
    Obstacle  line 22 reads `balance`, which the iteration before has written
    Obstacle  shop/book.py:7 uses a database with `book`
    Note      line 23 prints with `print`, in the order of the loop
              … 1 more

What else helps
• shop/prices.py:3 computes in Python, in short iterations: NumPy can run the
  whole loop natively.

Notes
• The program uses threads already.

The change  --patch FILE writes it, patch -p0 < FILE applies it
  --- shop/report.py
  +++ shop/report.py
  @@ -1,3 +1,5 @@
  +import advisor
  +
   def main(orders):
  -    for order in orders:
  -        totals.append(price(order))
  +    for result in advisor.map(price, orders):
  +        totals.append(result)
"""
NO_LOOP_TEXT = """\
The program waits for 98 % of its time at serve.py:17, outside of any loop:
there is no loop to change.
serve.py · 4 s · 1 run · gains for 4 cores

Where the time goes
████████████████████ 98 % of the time at serve.py:17
    server.serve_forever()

Notes
• The program was stopped after the time limit: the figures are of what ran
  until then.
"""


def test_all_texts_of_a_report_with_a_gain() -> None:
    """The verdict comes first, then the loops with their time, gain, evidence and obstacles, and the change."""
    assert survey.as_text(GAIN, Screen(80)) == GAIN_TEXT


def test_all_texts_of_a_program_without_loops() -> None:
    """Where no loop takes the time, the lines that do are shown."""
    assert survey.as_text(NO_LOOP, Screen(80)) == NO_LOOP_TEXT


@pytest.mark.parametrize("width", [60, 80, 110])
def test_every_line_fits(width: int) -> None:
    """Nothing is wider than the screen, with colours or without, and long lines of source are cut."""
    long = ORDERS.loop.model_copy(update={"source": "rows = [" + "value + " * 60 + "1 for value in 値]"})
    report = GAIN.model_copy(update={"candidates": (ORDERS.model_copy(update={"loop": long}), ITEMS, LEDGER)})
    plain = survey.as_text(report, Screen(width))
    assert max(map(display_width, plain.splitlines())) <= width
    assert ESCAPES.sub("", survey.as_text(report, Screen(width, colours=True))) == plain


def test_a_screen_without_unicode_gets_ascii() -> None:
    """Bars, times and dashes have substitutes."""
    text = survey.as_text(GAIN, Screen(80, encoding="ascii"))
    assert text.isascii()
    assert "    ###############..... 75 % (7.5 s)" in text
    assert "2.2x for the program (2-2.3x)" in text


def test_more_loops_than_fit_are_counted() -> None:
    """At most five loops are shown."""
    text = survey.as_text(GAIN.model_copy(update={"candidates": (ITEMS,) * 7}), Screen(80))
    assert "5.  shop/prices.py:3" in text
    assert "6.  shop/prices.py:3" not in text
    assert "… 2 more loops, with --json or --html" in text


def test_a_loop_that_was_not_watched_is_conditional() -> None:
    """The gain of a loop that only looks independent is not promised."""
    unknown = ORDERS.model_copy(update={"independence": "unknown", "iterations": None, "why": "not observed"})
    text = survey.as_text(GAIN.model_copy(update={"candidates": (unknown,)}), Screen(110))
    assert "with 4 processes, if its iterations are independent" in " ".join(text.split())


@pytest.mark.parametrize(
    ("low", "expected", "text"),
    [
        (0.9, 1.06, "none worth a change: 1.1× for the program (0.9–1.3×)"),
        (1.0, 1.06, "1.1× for the program (1–1.3×)"),
        (0.9, 1.12, "1.1× for the program (0.9–1.3×)"),
        (1.0, 1.03, "none worth a change: 1× for the program (1–1.3×)"),
    ],
)
def test_a_small_gain_counts_only_if_it_is_certain(low: float, expected: float, text: str) -> None:
    """A gain of a few percent that may be a loss is shown, and not recommended."""
    gain = Range(low=low, expected=expected, high=1.3)
    small = ORDERS.model_copy(update={"program_speedup": expected, "program_speedup_range": gain})
    assert survey_wording.gain(small).startswith(text)


def test_a_report_survives_json() -> None:
    """The document holds the whole report."""
    assert SurveyReport.model_validate_json(GAIN.model_dump_json()) == GAIN


def test_a_report_shows_itself() -> None:
    """A notebook gets HTML with its styles, an interpreter the text."""
    assert str(GAIN) == GAIN_TEXT
    assert GAIN._repr_html_().startswith("<style>")
    assert display.as_page(GAIN).startswith("<!doctype html>")


def test_the_page_has_the_source_beside_the_change() -> None:
    """Lines of the loop have their numbers, those with an obstacle are marked, and the change is beside them."""
    markup = Markup(survey_html.as_page(GAIN))
    text = markup.text
    for figure in ("12\n", "13\n", "14\n", "← note\n", "← obstacle\n", "The change\n", "no gain\n", "4 processes\n"):
        assert figure in text, figure
    marked = [
        attributes["class"] for _, attributes in markup.elements if (attributes.get("class") or "")[:5] == "line "
    ]
    assert marked == ["line care", "line blocks", "line care"]
    ids = [attributes["id"] for _, attributes in markup.elements if "id" in attributes]
    links = [(attributes["href"] or "")[1:] for tag, attributes in markup.elements if tag == "a"]
    assert links == ids == ["loop-1", "loop-2", "loop-3"]


def test_the_page_of_a_program_without_loops() -> None:
    """It shows the lines that take the time, and no table of loops."""
    text = Markup(survey_html.as_page(NO_LOOP)).text
    assert "serve.py:17\n" in text
    assert "Loops that take the time" not in text


def hostile() -> SurveyReport:
    loop = ORDERS.loop.model_copy(update={"file": HOSTILE, "source": HOSTILE, "function": HOSTILE})
    obstacle = LoopObstacle(text=HOSTILE, file=HOSTILE, line=13, blocks=True)
    texts = {"code": HOSTILE, "why": HOSTILE, "patch": f"+{HOSTILE}\n", "snippet": HOSTILE}
    candidate = ORDERS.model_copy(update={"loop": loop, "obstacles": (obstacle,), **texts})
    hot = NO_LOOP.hot_lines[0].model_copy(update={"source": HOSTILE, "file": HOSTILE})
    return GAIN.model_copy(
        update={
            "program": HOSTILE,
            "summary": HOSTILE,
            "candidates": (candidate,),
            "notes": (HOSTILE,),
            "instead": (HOSTILE,),
            "hot_lines": (hot,),
        }
    )


@pytest.mark.parametrize("report", [hostile(), hostile().model_copy(update={"candidates": ()})], ids=["loop", "lines"])
def test_nothing_in_a_report_becomes_markup(report: SurveyReport) -> None:
    """Whatever a program or its source holds is text, on the page and on the terminal."""
    for page in (survey_html.as_page(report), survey_html.as_cell_output(report)):
        markup = Markup(page)
        assert not {"script", "img", "link", "iframe", "object"} & {tag for tag, _ in markup.elements}
        assert "<script" not in page
        assert all(
            (value or "#").startswith("#")
            for _, each in markup.elements
            for key, value in each.items()
            if key == "href"
        )
    escape = report.model_copy(update={"program": "\x1b[2Jx", "summary": "\x1b[31m"})
    assert "\x1b" not in survey.as_text(escape, Screen(80))
