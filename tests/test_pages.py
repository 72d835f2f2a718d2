"""The HTML of the pages, read by a parser."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from advisor.decide import matrix_document
from advisor.service import create_app

STATIC = Path(create_app().static_folder or "")


class Elements(HTMLParser):
    """Every element of a page with its attributes, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def named(self, *tags: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.found if tag in tags]


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return create_app().test_client()


@pytest.fixture(scope="module", params=["/", "/matrix", "/outcomes"])
def elements(client: FlaskClient, request: pytest.FixtureRequest) -> Elements:
    return Elements(client.get(request.param).get_data(as_text=True))


def test_every_field_has_a_name(elements: Elements) -> None:
    """Every field has a label, and every reference to an id has its element."""
    ids = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    labelled = {attributes["for"] for attributes in elements.named("label") if "for" in attributes}
    wrapped = {"checkbox", "file"}  # these are inside their label
    fields = [field for field in elements.named("input", "textarea") if field.get("type") not in wrapped]
    assert fields
    assert all(field["id"] in labelled or "aria-labelledby" in field for field in fields)
    for _, attributes in elements.found:
        for name in ("for", "aria-describedby", "aria-labelledby", "data-copies"):
            assert set(attributes.get(name, "").split()) <= set(ids)


def test_nothing_is_inline_or_from_another_host(client: FlaskClient, elements: Elements) -> None:
    """Scripts and styles come from files of the service, as the Content-Security-Policy demands."""
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert not [name for _, attributes in elements.found for name in attributes if name == "style" or name[:2] == "on"]
    assert not elements.named("style")
    assert all("src" in script for script in elements.named("script"))
    loaded = {a[name] for tag, a in elements.found for name in ("src", "href") if name in a and tag != "a"}
    assert len(loaded) >= 4
    for address in loaded:
        with client.get(address) as response:
            assert response.status_code == 200, address


@pytest.mark.parametrize("file", sorted(STATIC.iterdir()), ids=lambda file: file.name)
def test_static_files_name_no_other_host(file: Path) -> None:
    """No file names another host, the SVG namespace apart, or makes markup of text."""
    text = file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|\burl\(|@import|innerHTML|insertAdjacentHTML|document\.write|\beval\b", text)


def test_the_matrix_is_complete(client: FlaskClient) -> None:
    """Every row of every table is on the page, with its source."""
    text = client.get("/matrix").get_data(as_text=True)
    rows = [row for table in matrix_document.as_json().values() for row in table]
    assert text.count('<p class="source">') == len(rows)
    assert "BeautifulSoup builds its tree in Python with the GIL held" in text
    assert re.search(r'href="(https://docs\.python\.org/[^"]+)" rel="noreferrer">docs\.python\.org/', text)


def test_the_api_page_holds_the_document(client: FlaskClient) -> None:
    """The page needs no request, and therefore no token, for the OpenAPI document."""
    found = re.search(r'<script type="application/json" id="document">(.+?)</script>', client.get("/api").text)
    assert found is not None
    assert json.loads(found[1]) == client.get("/openapi.json").get_json()
