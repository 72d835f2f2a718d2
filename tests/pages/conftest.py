"""One browser and one server for all tests of the pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, expect, sync_playwright

from advisor.service import create_app
from tests.browser import OPTIONS, TIMEOUT, PageLog, installed_browser, serving, visiting


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    program = installed_browser()
    if program is None:
        pytest.skip("no Chromium is installed")
    expect.set_options(timeout=TIMEOUT)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=OPTIONS)
        try:
            yield browser
        finally:
            browser.close()


@pytest.fixture(scope="package")
def client() -> FlaskClient:
    return create_app().test_client()


@pytest.fixture(scope="package")
def address(client: FlaskClient) -> Iterator[str]:
    with serving(client.application) as address:
        yield address


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[tuple[Page, PageLog]]:
    """The page with its log, in which there must be no errors at the end."""
    with visiting(browser, address) as (page, log):
        yield page, log
        assert log.errors == []


@pytest.fixture
def page(visit: tuple[Page, PageLog]) -> Page:
    return visit[0]
