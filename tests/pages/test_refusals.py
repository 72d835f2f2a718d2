"""What the page shows when a question is refused: errors at their fields, a service that is gone, and tokens."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Browser, Page, expect
from pydantic import SecretStr

from advisor.service import create_app
from advisor.service.settings import Settings
from tests.browser import PROFILE, TOKEN, ask, axe_violations, drop, expect_verdict, serving, visiting

pytestmark = pytest.mark.browser


def test_an_error_is_shown_at_its_field(page: Page) -> None:
    """A field that the service refuses is marked, described and focused."""
    ask(page, json.dumps(PROFILE | {"wall": -1}))
    expect(page.locator("#description-error")).to_have_text(re.compile("^wall: "))
    expect(page.locator("#description")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#description")).to_be_focused()
    expect(page.locator("#advice")).to_be_hidden()
    page.get_by_text("The host to plan for").click()
    page.fill("#python", "2.7")
    ask(page, "Downloading 100 files")
    expect(page.locator("#python-error")).to_be_visible()
    expect(page.locator("#python")).to_be_focused()
    expect(page.locator("#description-error")).to_be_hidden()


def test_a_wrong_number_of_cores_leaves_the_advice(page: Page) -> None:
    """The error is at the field and the advice stays; a new question is sent once the number is right."""
    ask(page, "Checking 100 sudokus in pure Python on 2 cores")
    expect(page.locator(".chart.wide")).to_be_visible()
    page.fill("#cores", "0")
    expect(page.locator("#cores-error")).to_be_visible()
    expect(page.locator("#cores")).to_be_focused()
    expect_verdict(page, "Use 2 processes|Keep")
    page.fill("#cores", "4")
    expect(page.locator("#cores-error")).to_be_hidden()
    page.fill("#cores", "99999")
    expect(page.locator("#cores-error")).to_be_visible()
    expect(page.locator("#levers-reset")).to_be_enabled()
    ask(page, "Downloading 100 files")
    expect(page.locator("#cores")).to_be_focused()
    expect(page.locator("#cores-error")).to_be_visible()
    page.click("#levers-reset")
    expect_verdict(page, "threads")
    expect(page.locator("#cores-error")).to_be_hidden()


def test_a_link_with_a_wrong_number_of_cores(page: Page, address: str) -> None:
    """There is no field for the cores yet, so the next question is sent without them."""
    page.goto(f"{address}#description=Downloading+100+files&cores=99999")
    page.reload()
    expect(page.locator("#problem")).to_contain_text("machine.cores: ")
    expect(page.locator("#status")).to_contain_text("asks without them")
    page.click("#ask")
    expect_verdict(page, "threads")
    expect(page.locator("#problem")).to_be_hidden()


def test_the_page_refuses_what_is_no_question(page: Page) -> None:
    """The page itself refuses an empty question, invalid JSON and other files."""
    page.click("#ask")
    expect(page.locator("#description-error")).to_contain_text("Describe the task first")
    ask(page, "{")
    expect(page.locator("#description-error")).to_contain_text("This is not JSON")
    drop(page, "picture.json", "[1]")
    expect(page.locator("#description-error")).to_contain_text("not a profile")


def test_an_unreachable_service_is_reported(browser: Browser, address: str) -> None:
    """A failed request is shown as a problem, with no advice."""
    with visiting(browser, address) as (page, _):
        page.route("**/v1/advice", lambda route: route.abort())
        ask(page, "Downloading 100 files")
        expect(page.locator("#problem")).to_contain_text("could not be reached")
        page.unroute("**/v1/advice")
        page.route("**/v1/view", lambda route: route.abort())
        ask(page, "Downloading 100 files")
        expect(page.locator("#problem")).to_contain_text("could not be reached")
        expect(page.locator("#advice")).to_be_hidden()


def test_a_token_is_asked_for_and_kept_for_the_session(browser: Browser) -> None:
    """The question is sent again with the token; a wrong token is refused, and curl shows none."""
    with (
        serving(create_app(Settings(tokens=(SecretStr(TOKEN),)))) as address,
        visiting(browser, address) as (page, log),
    ):
        ask(page, "Processing 100 images")
        expect(page.locator("#token")).to_be_focused()
        page.keyboard.type(f"“{TOKEN}”")
        page.keyboard.press("Enter")
        expect(page.locator("#token-error")).to_contain_text("typographic quotes")
        expect(page.locator("#token")).to_be_focused()
        page.fill("#token", "wrong")
        page.keyboard.press("Enter")
        expect(page.locator("#token-error")).to_have_text("The token is not valid.")
        assert axe_violations(page) == []
        page.fill("#token", TOKEN)
        page.keyboard.press("Enter")
        expect_verdict(page, "processes")
        expect(page.locator(".chart.wide")).to_be_visible()
        expect(page.locator("#token-form")).to_be_hidden()
        assert "Bearer $ADVISOR_TOKEN" in (page.locator("#curl").text_content() or "")
        page.reload()
        ask(page, "Downloading 100 files")
        expect_verdict(page, "threads")
        assert page.evaluate("[localStorage.length, document.cookie]") == [0, ""]
        assert log.errors == []


def test_a_stored_token_that_no_header_can_carry_is_not_used(browser: Browser) -> None:
    """A token with typographic quotes, kept by an older page, is asked for again."""
    with (
        serving(create_app(Settings(tokens=(SecretStr(TOKEN),)))) as address,
        visiting(browser, address) as (page, log),
    ):
        page.evaluate("text => sessionStorage.setItem('advisor-token', text)", f"“{TOKEN}”")
        ask(page, "Checking 100 sudokus")
        page.fill("#token", TOKEN)
        page.keyboard.press("Enter")
        expect_verdict(page, "processes")
        assert log.errors == []
