"""The page with predicted and reported times."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from advisor.errors import JournalError
from advisor.journal.records import Outcome
from advisor.models import Range, Strategy
from tests.browser import DESKTOP, PHONE, TOKEN, PageLog, axe_violations, overflow, serving, visiting
from tests.journals import NOW, advice, app_with, question

pytestmark = pytest.mark.browser


def outcome(
    seconds: float, expected: float | None, strategy: Strategy = "threading", note: str | None = None
) -> Outcome:
    predicted = None if expected is None else Range(low=expected / 1.3, expected=expected, high=expected * 1.3)
    return Outcome(
        advice_id="x" * 24,
        reported=NOW,
        strategy=strategy,
        workers=4,
        calls=1000,
        seconds=seconds,
        sequential_seconds=4 * seconds,
        note=note,
        predicted=predicted,
    )


class FakeJournal:
    """A journal with these outcomes; None stands for a lost database."""

    lost = None

    def __init__(self, outcomes: Sequence[Outcome] | None) -> None:
        self._outcomes = outcomes

    def outcomes(self) -> list[Outcome]:
        if self._outcomes is None:
            raise JournalError("the database is gone")
        return list(self._outcomes)


@contextmanager
def showing(browser: Browser, app: Flask) -> Iterator[tuple[Page, PageLog]]:
    with serving(app) as address, visiting(browser, f"{address}outcomes") as (page, log):
        yield page, log


def with_outcomes(*outcomes: Outcome) -> Flask:
    app = app_with("off")
    app.extensions["journal"] = FakeJournal(outcomes)
    return app


def test_a_correct_prediction_is_on_the_diagonal(browser: Browser) -> None:
    """A longer time is above it; the intervals go through the points, within the frame."""
    with showing(browser, with_outcomes(outcome(1.0, 1.0), outcome(100.0, 100.0), outcome(20.0, 10.0))) as (page, _):
        expect(page.locator("circle")).to_have_count(3)
        left, bottom, right, top = map(float, re.findall(r"[\d.]+", shapes(page, ".diagonal", "d")[0]))
        points = zip(shapes(page, "circle", "cx"), shapes(page, "circle", "cy"), strict=True)
        places = [(float(across), float(up)) for across, up in points]
        above = [(bottom - y) / (bottom - top) - (x - left) / (right - left) for x, y in places]
        assert [round(height, 2) for height in above[:2]] == [0, 0]
        assert above[2] > 0
        for (x, y), interval in zip(places, shapes(page, ".interval", "d"), strict=True):
            low, level, high = map(float, re.findall(r"[\d.]+", interval))
            assert left <= low < x < high <= right
            assert level == y
            assert top <= y <= bottom


def test_absurd_reports_are_at_the_edge(browser: Browser) -> None:
    """They do not squeeze the other points together, and the axes keep their ticks."""
    absurd = [outcome(1e-300, 1.0), outcome(1e9, 1.0)]
    with showing(browser, with_outcomes(outcome(1.1, 1.0), *absurd)) as (page, _):
        expect(page.locator("circle")).to_have_count(3)
        _, bottom, _, top = map(float, re.findall(r"[\d.]+", shapes(page, ".diagonal", "d")[0]))
        usual, least, most = map(float, shapes(page, "circle", "cy"))
        assert top <= most < usual < least <= bottom
        ticks = page.locator(".tick").all_text_contents()
        assert {" ".join(tick.split()) for tick in ticks} >= {"10 ms", "100 ms", "1 s", "10 s"}
        expect(page.locator("tbody tr").nth(1).locator("td").nth(4)).to_have_text("<0.001×")


def shapes(page: Page, selector: str, attribute: str) -> list[str]:
    values: list[str] = page.eval_on_selector_all(selector, f"all => all.map(each => each.getAttribute('{attribute}'))")
    return values


def test_the_accuracy_is_summarized(browser: Browser) -> None:
    """The page has the share within the interval, the median, and a row for each report."""
    app = with_outcomes(outcome(2.0, 1.0, note="<img src=x>"), outcome(1.1, 1.0), outcome(5.0, None, "multiprocessing"))
    with showing(browser, app) as (page, _):
        expect(page.locator("#near")).to_have_text(
            re.compile(
                "Of 2 outcomes with a prediction, 50.% lie within the predicted 90.% interval. The median job took "
                "1.6× the predicted time."
            )
        )
        expect(page.locator("circle")).to_have_count(2)
        expect(page.locator("tbody tr")).to_have_count(3)
        cells = page.locator("tbody tr").first.locator("th, td")
        expected = ["2027-01-15 08:00", "4 threads", "1,000", "1 s 769 ms–1.3 s", "2 s", "2×", "8 s", "<img src=x>"]
        assert [" ".join(text.split()) for text in cells.all_inner_texts()] == expected
        expect(page.locator("tbody tr").last.locator("td").nth(2)).to_have_text("not predicted")
        assert page.locator("tbody a").first.get_attribute("href") == f"/#advice={'x' * 24}"
        title = page.locator("circle").first.locator("xpath=../*[name()='title']")
        expect(title).to_have_text(re.compile("4 threads: predicted 1.s .769.ms–1.3.s., took 2.s"))


@pytest.mark.parametrize(
    ("outcomes", "text"),
    [
        ([], "Nothing has been reported yet"),
        ([outcome(1.0, None)], "not predicted"),
        (None, "The journal is not available"),
        ("off", "This server keeps no journal."),
    ],
)
def test_nothing_to_show_is_explained(browser: Browser, outcomes: Any, text: str) -> None:
    """The page says why there is no picture."""
    app = app_with("off")
    app.extensions["journal"] = None if outcomes == "off" else FakeJournal(outcomes)
    with showing(browser, app) as (page, log):
        expect(page.locator("main")).to_contain_text(text)
        expect(page.locator("#picture-part")).to_be_hidden()
        assert axe_violations(page) == []
        assert log.errors == []


@pytest.fixture
def app(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Flask]:
    app = app_with(str(tmp_path / "journal.db"), **getattr(request, "param", {}))
    journal = app.extensions["journal"]
    id = journal.record(question(), advice())
    reports: list[tuple[float, dict[str, Any]]] = [
        (1.6, {}),
        (55.0, {"strategy": "sequential"}),
        (20.0, {"strategy": "multiprocessing"}),
    ]
    for seconds, more in reports:
        assert journal.report(id, seconds=seconds, note="on a quiet evening, " * 5, **more) is not None
    yield app
    journal.close()


def test_the_page_is_accessible(browser: Browser, app: Flask) -> None:
    """Axe finds nothing, and only the table scrolls sideways: light on a desktop, dark on a phone."""
    with showing(browser, app) as (page, log):
        for size, scheme in ((DESKTOP, "light"), (PHONE, "dark")):
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            expect(page.locator("circle")).to_have_count(3)
            assert overflow(page) == []
            assert axe_violations(page) == []
            assert (page.locator("svg").bounding_box() or {})["width"] > 250
        fills = page.eval_on_selector_all("circle", "points => points.map(point => getComputedStyle(point).fill)")
        assert len(set(fills)) == 3
        assert log.errors == []


@pytest.mark.parametrize("app", [{"tokens": [TOKEN]}], indirect=True)
def test_the_token_is_asked_for(browser: Browser, app: Flask) -> None:
    """A wrong token is refused; the right one is kept for the other pages of the session."""
    assert TOKEN not in app.test_client().get("/outcomes").get_data(as_text=True)
    assert "quiet evening" not in app.test_client().get("/outcomes").get_data(as_text=True)
    with showing(browser, app) as (page, log):
        page.set_viewport_size(PHONE)
        expect(page.locator("#token")).to_be_focused()
        assert axe_violations(page) == []
        assert overflow(page) == []
        page.keyboard.type("wrong")
        page.keyboard.press("Enter")
        expect(page.locator("#token-error")).to_have_text("The token is not valid.")
        page.fill("#token", TOKEN)
        page.keyboard.press("Enter")
        expect(page.locator("tbody tr")).to_have_count(3)
        expect(page.locator("#token-form")).to_be_hidden()
        page.locator("tbody a").first.press("Enter")
        expect(page.locator("#verdict")).to_be_visible()
        page.go_back()
        expect(page.locator("tbody tr")).to_have_count(3)
        assert log.errors == []
        assert not [address for address in log.requested if json.dumps(TOKEN)[1:-1] in address]
