"""The HTML file of `advise races --html` in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from advisor import display
from advisor.models import RaceReport
from tests.browser import DESKTOP, PHONE, PageLog, axe_violations, overflow, visiting
from tests.sample_races import DEADLOCK, LOST, NONE, step

pytestmark = pytest.mark.browser

LIGHT, DARK = "rgb(255, 255, 255)", "rgb(22, 28, 35)"  # the background of a card
CARD = "getComputedStyle(document.querySelector('.advisor-advice .card')).backgroundColor"


def write(folder: Path, report: RaceReport) -> str:
    file = folder / "races.html"
    file.write_text(display.as_page(report), encoding="utf-8")
    return file.as_uri()


def with_long_texts() -> RaceReport:
    assert LOST.finding is not None
    steps = (
        step(1, 12345, "x = " + "very_long_name_" * 20, "reads y = " + "1" * 300),
        step(2, 1, "a + " * 60 + "b"),
        step(3, 7, "with lock:", "acquires lock"),
    )
    return LOST.model_copy(update={"finding": LOST.finding.model_copy(update={"steps": steps}), "threads": 3})


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize(("scheme", "background"), [("light", LIGHT), ("dark", DARK)])
@pytest.mark.parametrize("report", [LOST, DEADLOCK, NONE, with_long_texts()], ids=["race", "deadlock", "none", "long"])
def test_the_file_is_for_everyone(
    browser: Browser, tmp_path: Path, report: RaceReport, size: dict[str, int], scheme: str, background: str
) -> None:
    """Axe finds nothing, nothing is wider than the screen, and nothing else is requested, in light and dark."""
    context = browser.new_context(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    address = write(tmp_path, report)
    log = PageLog(page, address)
    page.goto(address)
    assert page.evaluate(CARD) == background
    assert overflow(page) == []
    assert axe_violations(page) == []
    assert log.errors == []
    assert log.requested == [address]
    context.close()


def test_a_telephone_names_the_call_of_each_step(browser: Browser, tmp_path: Path) -> None:
    """A wide screen has a column for each call; a telephone has one, in which each step says whose it is."""
    with visiting(browser, write(tmp_path, LOST)) as (page, _):
        whose = page.locator(".steps .whose")
        assert [label.is_visible() for label in whose.all()] == [False] * 4
        left = [cell.bounding_box()["x"] for cell in page.locator(".steps td:not(.idle)").all()]  # type: ignore[index]
        assert left[0] == left[3] < left[1] == left[2]
        page.set_viewport_size(PHONE)
        assert [label.inner_text() for label in whose.all()] == ["Call 1", "Call 2", "Call 2", "Call 1"]
