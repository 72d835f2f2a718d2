"""The HTML file of `advise survey --html` in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from advisor import display
from advisor.models import SurveyReport
from tests.browser import DESKTOP, PHONE, PageLog, axe_violations, overflow, visiting
from tests.sample_surveys import GAIN, LEDGER, NO_LOOP, ORDERS

pytestmark = pytest.mark.browser

LIGHT, DARK = "rgb(255, 255, 255)", "rgb(22, 28, 35)"  # the background of a card
CARD = "getComputedStyle(document.querySelector('.advisor-advice .card')).backgroundColor"


def write(folder: Path, report: SurveyReport) -> str:
    file = folder / "survey.html"
    file.write_text(display.as_page(report), encoding="utf-8")
    return file.as_uri()


def with_long_texts() -> SurveyReport:
    line = "rows = [" + "very_long_name_" * 20 + "]"
    loop = ORDERS.loop.model_copy(update={"source": line, "file": "folder/" * 30 + "x.py", "function": "f" * 200})
    inner = ORDERS.model_copy(update={"loop": loop, "code": line, "why": "x" * 300, "inside": 0})
    return GAIN.model_copy(update={"candidates": (ORDERS, inner, LEDGER), "summary": "word " * 80})


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize(("scheme", "background"), [("light", LIGHT), ("dark", DARK)])
@pytest.mark.parametrize("report", [GAIN, NO_LOOP, with_long_texts()], ids=["gain", "no loop", "long"])
def test_the_file_is_for_everyone(
    browser: Browser, tmp_path: Path, report: SurveyReport, size: dict[str, int], scheme: str, background: str
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


def test_the_source_is_beside_the_change(browser: Browser, tmp_path: Path) -> None:
    """They are side by side on a wide screen, one below the other on a telephone; obstacles stand out."""
    with visiting(browser, write(tmp_path, GAIN)) as (page, _):
        loop = page.get_by_label("The source of the loop").first
        change = page.get_by_label("The change").first
        boxes = [loop.bounding_box(), change.bounding_box()]
        assert boxes[0]["y"] == boxes[1]["y"]  # type: ignore[index]
        plain, marked = (
            page.locator(selector).first.evaluate("element => getComputedStyle(element).backgroundColor")
            for selector in (".listing .line:not(.blocks, .care)", ".listing .line.blocks")
        )
        assert plain != marked
        page.set_viewport_size(PHONE)
        boxes = [loop.bounding_box(), change.bounding_box()]
        assert boxes[0]["y"] < boxes[1]["y"]  # type: ignore[index]
