"""Advice as HTML."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

import advisor
from advisor import display
from advisor.models import Advice, Curve, Pitfall, Point, Profile, Range, Reason, Verification
from advisor.report import chart, html
from tests.sample_advice import DOWNLOAD, IMAGES, UNDECIDED, around

HOSTILE = "</code></style><script>alert(1)</script><img src=x onerror=alert(1)>"
IMAGES_TEXT = """\
from the description alone, nothing was measured
Use 2 processes
Use a process pool with one worker for each core.
Speed-up
1.8×
1.3–2×
100 calls
5.5 s
4–9 s
Confidence
72 %
high; planned for 2 cores
Where a call's time goes (assumed, as for image: 100 ms)
holding the GIL
80 %
80 ms
native, GIL released
20 %
20 ms
Why
Processing 100 images: CPU bound.
notebook
The code
if
__name__
==
"__main__"
:
print
(
"×"
)
What this rests on
Evidence
from the description alone, nothing was measured; planned for 2 cores, assuming typical pool costs
Job
100 calls
Host
2 cores, linux, processes start by fork
"""


class Markup(HTMLParser):
    """The elements of a document with their attributes, and its texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(" ".join(data.split()))

    @property
    def text(self) -> str:
        return "".join(f"{text}\n" for text in self.texts if text not in ("", "·"))


def curve(strategy: str, *expected: float) -> Curve:
    """A curve with one more worker for each speed-up."""
    points = [
        Point(workers=workers, chunk=1, seconds=around(1, 1, 1), speedup=around(0.8 * s, s, 1.2 * s), feasible=s > 0)
        for workers, s in enumerate(expected, 1)
    ]
    return Curve(strategy=strategy, points=points)  # type: ignore[arg-type]


CURVES = (
    curve("sequential", 1),
    curve("threading", 1, 1.5, 1.5),
    curve("multiprocessing", 0.9, 2),
    curve("asyncio", 0),
)


def test_all_texts_of_a_small_advice() -> None:
    """The view holds the verdict, figures, parts of the time, reasons, code and basis, in this order."""
    assert Markup(html.as_fragment(IMAGES, ())).text == IMAGES_TEXT


def test_nothing_is_left_out() -> None:
    """All reasons and warnings appear in full, and every strategy and trial has a row."""
    advice = DOWNLOAD.model_copy(
        update={
            "warnings": tuple(Pitfall(code=f"c{n}", text=f"warning {n} " + "long " * 100 + "end") for n in range(9)),
            "reasons": tuple(Reason(rule=f"r{n}", text=f"reason {n}", source=f"https://x.test/{n}") for n in range(9)),
            "verification": (
                Verification(strategy="threading", workers=8, calls=90, predicted=1, measured=1.2, results="equal"),
                Verification(strategy="multiprocessing", workers=2, calls=9, predicted=1, measured=0, failure="x"),
            ),
        }
    )
    markup = Markup(html.as_fragment(advice, CURVES))
    for number in range(9):
        assert f"warning {number} {'long ' * 100}end\n" in markup.text
        assert f"reason {number}\nx.test/{number}\n" in markup.text
    for alternative in advice.alternatives:
        assert f"{alternative.why}\n" in markup.text
    assert "same results; 20 % longer than predicted" in markup.text.replace("\N{NO-BREAK SPACE}", " ")
    assert "failed: x" in markup.text
    assert [a["href"] for tag, a in markup.elements if tag == "a"] == [f"https://x.test/{n}" for n in range(9)]


def test_code_and_options_in_a_text_are_marked() -> None:
    """Code is shown as code, and an option is not broken after its hyphens; what they hold stays escaped."""
    warning = Pitfall(code="x", text="`total += 1 <b>` is not atomic: check with --verify. a--b")
    page = html.as_fragment(DOWNLOAD.model_copy(update={"warnings": (warning,)}), ())
    assert (
        "<code>total += 1 &lt;b&gt;</code> is not atomic: "
        'check with <span class="option">--verify</span>. a--b</li>' in page
    )


def test_undecided_advice_asks() -> None:
    """Without a verdict there are questions, and neither figures, bar, curves nor code."""
    markup = Markup(html.as_fragment(UNDECIDED, ()))
    assert "Undecided: more information is needed\n" in markup.text
    assert "Does one core stay busy, or does the program wait?\n" in markup.text
    assert not {"svg", "pre", "table"} & {tag for tag, _ in markup.elements}


def hostile() -> Advice:
    profile = DOWNLOAD.profile
    assert profile is not None
    return DOWNLOAD.model_copy(
        update={
            "summary": HOSTILE,
            "snippet": f"print({HOSTILE!r})  # {HOSTILE}",
            "warnings": (Pitfall(code="x", text=HOSTILE),),
            "reasons": (Reason(rule="x", text=HOSTILE, source=f"https://x/{HOSTILE}"),),
            "questions": (HOSTILE,),
            "profile": profile.model_copy(update={"target": HOSTILE, "archetype": HOSTILE}),
            "alternatives": tuple(option.model_copy(update={"why": HOSTILE}) for option in DOWNLOAD.alternatives),
        }
    )


@pytest.mark.parametrize("render", [html.as_fragment, html.as_cell_output, html.as_page])
def test_nothing_in_an_advice_becomes_markup(render: object) -> None:
    """Texts are escaped everywhere, whatever they hold; there is no script, no handler and no link that runs code."""
    markup = Markup(render(hostile(), CURVES))  # type: ignore[operator]
    assert not {"script", "img", "link", "iframe", "object"} & {tag for tag, _ in markup.elements}
    attributes = [(name, value or "") for _, attributes in markup.elements for name, value in attributes.items()]
    assert not [name for name, _ in attributes if name.startswith("on") or name == "src"]
    assert all(re.match("https?://", value) for name, value in attributes if name == "href")
    assert "<script" not in render(hostile(), CURVES)  # type: ignore[operator]


def test_styles_apply_to_the_advice_alone() -> None:
    """Every rule is for the advice or the document of its own, and the styles refer to nothing outside."""
    styles = html.STYLES.read_text(encoding="utf-8")
    assert not re.search(r"url\(|@import|</", styles)
    selectors = re.findall(r"^([^\s/}].*) \{", styles, re.MULTILINE)
    assert selectors
    assert all(re.search(r"\.advisor-(advice|document)(:not\(#_\))?$", selector) for selector in selectors)


def test_two_outputs_of_a_notebook_share_no_id() -> None:
    """No element has an id, since a page may hold the view more than once."""
    assert not [
        attributes for _, attributes in Markup(html.as_fragment(DOWNLOAD, CURVES)).elements if "id" in attributes
    ]


def test_the_chart() -> None:
    """Feasible strategies have a line each; the best number of workers is marked and described in words."""
    advice = IMAGES.model_copy(update={"speedup": around(1.6, 2, 2.4)})
    drawn = chart.draw(advice, CURVES)
    assert [line.strategy for line in drawn.lines] == ["threading", "multiprocessing"]
    assert [label.text for label in drawn.x_ticks] == ["1", "2", "3"]
    assert [label.text for label in drawn.y_ticks] == ["0×", "0.5×", "1×", "1.5×", "2×"]
    assert drawn.advised is not None
    assert drawn.advised.label.text == "2 processes: 2×"
    assert [marker.text for marker in drawn.lines[1].markers] == [
        "1 process: 0.9× (0.72–1.1×)",
        "2 processes: 2× (1.6–2.4×)",
    ]
    assert chart.caption(advice, CURVES) == (
        "Predicted speed-up for 100 calls on 2 cores: threads reach 1.5× with 2; processes reach 2× with 2; asyncio "
        "cannot be used. Bands are 90 % intervals."
    )
    assert [(row.workers, row.points[1] is None) for row in chart.rows(chart.feasible(CURVES))] == [
        (1, False),
        (2, False),
        (3, True),
    ]


def test_a_chart_of_many_workers_is_logarithmic() -> None:
    """Beyond 16 workers the ticks are powers of two, as many as fit."""
    curves = (curve("threading", *range(1, 65)),)
    assert [tick.text for tick in chart.draw(DOWNLOAD, curves).x_ticks] == ["1", "2", "4", "8", "16", "32", "64"]
    assert len(chart.draw(DOWNLOAD, curves, chart.NARROW).x_ticks) >= 4


def test_labels_do_not_overlap() -> None:
    """Names of lines that end at the same height are placed apart."""
    same = tuple(curve(strategy, 1, 2) for strategy in ("threading", "multiprocessing", "asyncio", "interpreters"))
    heights = sorted(line.name.y for line in chart.draw(IMAGES, same).lines)
    assert all(lower - upper >= 15.9 for upper, lower in pairwise(heights))


def test_an_advice_shows_itself() -> None:
    """A notebook gets HTML with styles and curves, an interpreter the text of the terminal, with hints for Python."""
    profile = Profile(target="shop:price", calls=50, wall=0.01, gil_held=0.009, gil_free=0.0, child_cpu=0.0, wait=0.001)
    advice = advisor.advise(profile, calls=5_000, machine=advisor.Machine(cores=4))
    shown = advice._repr_html_()
    assert shown.startswith("<style>")
    assert 'class="line"' in shown
    assert display.as_page(advice).startswith("<!doctype html>")
    assert str(advice).startswith("Multiprocessing with ")
    assert "advice.snippet has ready-to-run code" in str(advice)
    assert "--code" not in str(advice)


def test_undecided_advice_shows_itself() -> None:
    """An undecided advice has no curves, but an HTML view and a text."""
    assert "What would decide it" in UNDECIDED._repr_html_()
    assert str(UNDECIDED).startswith("Undecided")


def test_a_range_that_is_a_point_is_shown_once() -> None:
    """An interval without width has no dash."""
    advice = IMAGES.model_copy(update={"seconds": Range(low=2, expected=2, high=2)})
    assert "2\N{NO-BREAK SPACE}s–" not in html.as_fragment(advice, ())
