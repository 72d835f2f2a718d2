"""The pages for everyone: axe, narrow screens, dark colours, reduced motion."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import (
    DESCRIPTION,
    DESKTOP,
    PHONE,
    PROFILE,
    VAGUE,
    ask,
    axe_violations,
    drop,
    expect_verdict,
    overflow,
    visiting,
)

pytestmark = pytest.mark.browser

MATRIX_PARTS = ("header", ".lead", ".find", ".contents", "#matrix")  # axe takes long for the thousand entries


def start(page: Page) -> None:
    page.get_by_text("The host to plan for").click()


def measured(page: Page) -> None:
    drop(page, "saved.json", json.dumps(PROFILE))
    expect(page.locator(".chart.wide")).to_be_visible()
    page.get_by_text("The curves as a table").click()
    page.get_by_text("The same question with").click()


def described(page: Page) -> None:
    ask(page, DESCRIPTION)
    expect(page.locator(".chart.wide")).to_be_visible()


def undecided(page: Page) -> None:
    ask(page, VAGUE)
    expect_verdict(page, "more information is needed")


def problem(page: Page) -> None:
    ask(page, json.dumps(PROFILE | {"wall": -1}))
    expect(page.locator("#description-error")).to_be_visible()


@pytest.mark.parametrize("state", [start, measured, described, undecided, problem])
def test_the_page_is_accessible(page: Page, state: Callable[[Page], None]) -> None:
    """Axe finds nothing, and nothing is wider than the screen: light on a desktop, dark on a phone."""
    state(page)
    expect_accessible(page)


def test_the_matrix_is_accessible(page: Page, address: str) -> None:
    """The same holds for the matrix."""
    page.goto(f"{address}matrix")
    expect_accessible(page, *MATRIX_PARTS)


def expect_accessible(page: Page, *selectors: str) -> None:
    for size, scheme in ((DESKTOP, "light"), (PHONE, "dark")):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # transitions would be measured half-way
        assert overflow(page) == []
        assert axe_violations(page, *selectors) == [], (size, scheme)


def test_the_page_follows_the_preferences(page: Page) -> None:
    """Colour scheme and reduced motion are as preferred; with forced colours the bar and the chart keep theirs."""
    described(page)
    moving = "[...document.querySelectorAll('*')].filter(e => parseFloat(getComputedStyle(e).transitionDuration) > 0)"
    assert page.evaluate(f"{moving}.length") > 0
    background = "getComputedStyle(document.body).backgroundColor"
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    assert page.evaluate(f"{moving}.length") == 0
    assert page.evaluate(background) == "rgb(245, 246, 248)"
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(background) == "rgb(13, 17, 22)"
    page.emulate_media(forced_colors="active")
    assert page.eval_on_selector(".bar rect", "part => getComputedStyle(part).fill") == "rgb(209, 86, 13)"
    drawn_on = page.eval_on_selector(".chart.wide svg", "chart => getComputedStyle(chart).backgroundColor")
    assert drawn_on == "rgb(22, 28, 35)"


def test_the_log_has_what_the_policy_refuses(browser: Browser, address: str) -> None:
    """The other tests rely on it: an inline style and a request to another host are refused, and logged."""
    with visiting(browser, address) as (page, log):
        page.evaluate("document.body.setAttribute('style', 'color: red')")
        page.evaluate("fetch('http://localhost:9/').catch(() => 0)")
        page.wait_for_timeout(100)
        assert any("Content Security Policy" in error and "style" in error for error in log.errors)
        assert any("localhost:9" in error for error in log.errors)
