"""Standard output and files: text for people, documents for programs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from advisor.models import Advice, RaceReport, SurveyReport
    from advisor.report.layout import Screen


def print_advice(advice: Advice, *, as_json: bool, code: bool = False) -> None:
    """Print the advice as text, as JSON, or only its code."""
    if as_json:
        return print_document(advice.model_dump_json(indent=2))
    if code:
        return print_document(advice.snippet.rstrip("\n"))
    from advisor.report.terminal import as_text

    return print_text(lambda screen: as_text(advice, screen))


def print_text(render: Callable[[Screen], str]) -> None:
    """Print a text for people, rendered for what standard output can show."""
    from advisor.report.layout import Screen

    click.echo(render(Screen.of(sys.stdout)), nl=False, color=True)


def print_document(document: str) -> None:
    """Print a document for programs: always UTF-8, whatever the terminal's encoding."""
    click.echo(document.encode("utf-8", "replace"))


def check_file(path: str | None) -> None:
    """Raise the UsageError of `write_file` that can be known before there is anything to write."""
    if path is None:
        return
    from advisor.report.atomic_write import check, reported_as_usage_error

    with reported_as_usage_error(path):
        check(Path(path))


def write_file(path: str, text: str) -> None:
    """Write a text to a file, atomically."""
    from advisor.report.atomic_write import atomic_write, reported_as_usage_error

    with reported_as_usage_error(path), atomic_write(Path(path)) as file:
        file.write_text(text, encoding="utf-8")


def write_html(shown: Advice | RaceReport | SurveyReport, path: str) -> None:
    """Write an advice, the result of a search for races, or a survey as an HTML document of its own."""
    from advisor import display

    write_file(path, display.as_page(shown))
