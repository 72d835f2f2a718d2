"""Links to a question, links to advice in the journal, and reported outcomes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from tests.browser import PROFILE, ask, axe_violations, drop, expect_verdict, overflow, serving, visiting
from tests.journals import app_with

pytestmark = pytest.mark.browser

TRICKY = "Simulating 100 % of it in pure Python & NumPy = 5 s a call; no #waiting?"
QUESTIONS: dict[str, dict[str, Any]] = {
    "profile": {"profile": PROFILE | {"peak_memory": 2 * 10**9}, "machine": {"cores": 8, "memory": 4 << 30}},
    "task": {"task": {"wait_share": 0.95, "seconds_per_call": 0.2}, "machine": {"cores": 4}},
    "description": {
        "description": "Checking 100 sudokus in pure Python",
        "calls": 50,
        "machine": {"cores": 8, "python": "3.14t", "memory": 16 << 30},
    },
}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    app = app_with(str(tmp_path_factory.mktemp("journal") / "journal.db"), journal_descriptions=True)
    yield app
    app.extensions["journal"].close()


@pytest.fixture(scope="module")
def journal_address(app: Flask) -> Iterator[str]:
    with serving(app) as address:
        yield address


def test_a_link_restores_the_question(page: Page, browser: Browser) -> None:
    """The description, cores and calls are in the fragment, which no server sees."""
    ask(page, TRICKY)
    expect(page.locator(".chart.wide")).to_be_visible()
    page.fill("#cores", "6")
    page.fill("#calls", "250")
    expect(page.locator("#status")).to_contain_text("6 cores, 250 calls")
    verdict = page.locator("#verdict").inner_text()
    page.locator("#link-part button").click()
    expect(page.locator("#link-part button")).to_have_text("Copied")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == page.locator("#link").input_value()
    with visiting(browser, link) as (other, log):
        expect(other.locator("#verdict")).to_have_text(verdict)
        expect(other.locator("#description")).to_have_value(TRICKY)
        expect(other.locator("#cores")).to_have_value("6")
        expect(other.locator("#calls")).to_have_value("250")
        assert not [url for url in log.requested if "Simulating" in url.partition("#")[0]]
        assert log.errors == []


def test_a_link_restores_the_host(page: Page, browser: Browser) -> None:
    """Memory and version are in the link; free-threaded alone asks for a version that has such a build."""
    page.get_by_text("The host to plan for").click()
    page.fill("#memory", "6.5")
    page.check("#free-threaded")
    with page.expect_request("**/v1/advice") as request:
        ask(page, "Checking 100 sudokus in pure Python")
    machine = {"memory": 13 << 29, "python": "3.14", "free_threaded": True}
    assert request.value.post_data_json["machine"] == machine
    expect_verdict(page, "Use")
    with visiting(browser, page.locator("#link").input_value()) as (other, _):
        expect(other.locator(".summary")).to_have_text(page.locator(".summary").inner_text())
        expect(other.locator("#memory")).to_have_value("6.5")
        expect(other.locator("#python")).to_have_value("3.14")
        expect(other.locator("#free-threaded")).to_be_checked()


def test_journaled_advice_is_shared_and_reported(browser: Browser, journal_address: str) -> None:
    """The link is to the advice itself, and whoever opens it can report what the job took."""
    with visiting(browser, journal_address) as (page, log):
        drop(page, "saved.json", json.dumps(PROFILE))
        expect_verdict(page, "processes")
        verdict = page.locator("#verdict").inner_text()
        link = page.locator("#link").input_value()
        assert re.search(r"/#advice=[\w-]{24}$", link)
        page.goto(link)
        page.reload()
        expect(page.locator("#verdict")).to_have_text(verdict)
        expect(page.locator("#profile-name")).to_contain_text("Kept advice · my_module:func")
        expect(page.locator(".chart.wide")).to_be_visible()
        page.get_by_role("button", name="Report", exact=True).click()
        expect(page.locator("#outcome-error")).to_be_visible()
        page.fill("#outcome", "0.5")
        page.keyboard.press("Enter")
        expect(page.locator("#outcome-status")).to_contain_text(
            re.compile("It took 500.ms, outside what was predicted")
        )
        assert axe_violations(page) == []
        assert overflow(page) == []
        page.get_by_role("link", name="Predicted and reported so far").click()
        expect(page.locator("tbody tr")).to_have_count(1)
        page.goto(f"{journal_address}#advice={'x' * 24}")
        expect(page.locator("#problem")).to_contain_text("No such advice in the journal")
        assert log.errors == []


def test_a_moved_slider_leaves_the_journaled_advice(browser: Browser, journal_address: str) -> None:
    """For other cores, neither its link nor its report is offered."""
    with visiting(browser, journal_address) as (page, _):
        drop(page, "saved.json", json.dumps(PROFILE))
        expect(page.locator("#outcome-part")).to_be_visible()
        expect(page.locator(".chart.wide")).to_be_visible()
        page.fill("#cores", "12")
        expect(page.locator("#outcome-part")).to_be_hidden()
        expect(page.locator("#link-part")).to_be_hidden()
        expect(page.locator("#link-hint")).to_contain_text("A profile does not fit into a link")


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_stays_the_same(
    browser: Browser, app: Flask, journal_address: str, tmp_path: Path, name: str
) -> None:
    """The link to journaled advice and the saved file, dropped or pasted, all get the same advice."""
    advice = app.test_client().post("/v1/advice", json=QUESTIONS[name]).get_json()
    with visiting(browser, f"{journal_address}#advice={advice['id']}") as (page, log):

        def expect_same_advice() -> None:
            expect(page.locator(".chart.wide")).to_be_visible()
            expect(page.locator(".summary")).to_have_text(advice["summary"])

        expect_same_advice()
        page.fill("#calls", "7")
        expect(page.locator("#status")).to_contain_text(", 7 calls")
        page.click("#levers-reset")
        expect(page.locator("#status")).to_contain_text(f", {advice['job']['calls']:,} calls")
        expect_same_advice()
        with page.expect_response("**/v1/view"):
            page.click("#ask")
        expect_same_advice()
        with page.expect_download() as download:
            page.click("#save")
        download.value.save_as(tmp_path / "advice.json")
        saved = (tmp_path / "advice.json").read_text("utf-8")
        for load in (lambda: drop(page, "advice.json", saved), lambda: ask(page, saved)):
            page.goto(f"{journal_address}matrix")
            page.goto(journal_address)
            load()
            expect_same_advice()
        assert log.errors == []
