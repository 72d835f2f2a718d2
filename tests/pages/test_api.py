"""The API page: Swagger UI, offline and under the Content-Security-Policy."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect
from pydantic import SecretStr

from advisor.service import create_app
from advisor.service.settings import Settings
from tests.browser import TOKEN, ask, expect_verdict, serving, visiting

pytestmark = pytest.mark.browser


def test_an_example_can_be_sent_with_the_token_of_the_session(browser: Browser) -> None:
    """The page shows every call, and sends an example with the token that another page asked for."""
    app = create_app(Settings(tokens=(SecretStr(TOKEN),)))
    with serving(app) as address, visiting(browser, f"{address}api") as (page, log):
        calls = sum(map(len, app.extensions["openapi"].document["paths"].values()))
        expect(page.locator(".opblock")).to_have_count(calls)
        page.goto(address)
        ask(page, "Processing 100 images")
        page.fill("#token", TOKEN)
        page.keyboard.press("Enter")
        expect_verdict(page, "processes")
        page.goto(f"{address}api")
        advice = page.locator("#operations-advice-advice")
        advice.locator(".opblock-summary-control").click()
        advice.get_by_role("button", name="Try it out").click()
        advice.get_by_role("button", name="Execute").click()
        expect(advice.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
        assert log.errors == []
