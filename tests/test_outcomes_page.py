"""The page with predicted and reported seconds: its text and picture, and once in a real browser."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from browser import browse, found
from flask import Flask
from werkzeug.serving import make_server

from advisor.journal.records import Outcome
from advisor.records import Range, Strategy
from advisor.service.outcomes import BOTTOM, LEFT, RIGHT, TOP, picture_of, round_between
from tests.journals import NOW, advice, app_with, question


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


class Stored:
    """Outcomes that are there."""

    lost = None

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        self._outcomes = list(outcomes)

    def outcomes(self) -> list[Outcome]:
        return self._outcomes


def showing(*outcomes: Outcome) -> Flask:
    app = app_with("off")
    app.extensions["journal"] = Stored(outcomes)
    return app


def text_of(app: Flask) -> str:
    response = app.test_client().get("/outcomes")
    assert response.status_code == 200
    return re.sub(r"\s+", " ", response.get_data(as_text=True))


class TestPicture:
    def test_what_came_as_predicted_is_on_the_diagonal(self) -> None:
        """Longer is above it, shorter below; the intervals lie level through the points."""
        picture = picture_of([outcome(1.0, 1.0), outcome(100.0, 100.0), outcome(20.0, 10.0)])
        assert picture is not None
        first, last, longer = picture.points

        def above_diagonal(x: float, y: float) -> float:
            return round((BOTTOM - y) / (BOTTOM - TOP) - (x - LEFT) / (RIGHT - LEFT), 2)

        assert above_diagonal(first.x, first.y) == above_diagonal(last.x, last.y) == 0
        assert above_diagonal(longer.x, longer.y) > 0
        for point in picture.points:
            assert LEFT <= point.low < point.x < point.high <= RIGHT
            assert TOP <= point.y <= BOTTOM

    def test_without_a_prediction_there_is_none(self) -> None:
        """Nothing to compare with."""
        assert picture_of([]) is None
        assert picture_of([outcome(1.0, None)]) is None

    @pytest.mark.parametrize(("lowest", "highest"), [(-0.1, 0.1), (0.0, 1.0), (-6.0, 9.0), (1.4, 1.5)])
    def test_ticks_are_round_and_few(self, lowest: float, highest: float) -> None:
        """One, two and five, or powers of ten where the range is wide."""
        ticks = round_between(lowest, highest)
        assert len(ticks) <= 7
        assert all(f"{tick:.0e}"[0] in "125" for tick in ticks)
        assert len(ticks) >= (1 if highest - lowest > 0.3 else 0)


class TestText:
    def test_it_says_how_near_the_predictions_were(self) -> None:
        """The share within the interval, the median, and each report with what was predicted."""
        text = text_of(showing(outcome(2.0, 1.0), outcome(1.1, 1.0), outcome(5.0, None, "multiprocessing")))
        assert "Of 2 that can be compared, 50 % lie within the predicted 90 % interval" in text
        assert "a job took 1.6× the predicted time" in text
        assert text.count("<circle") == 2
        assert text.count('<tr><th scope="row">') == 3
        assert f'<a href="/#advice={"x" * 24}">' in text
        assert "4 processes" in text
        assert "threads: predicted 1 s (769 ms to 1.3 s), took 2 s" in text

    def test_what_people_write_stays_text(self) -> None:
        """A note is no markup."""
        text = text_of(showing(outcome(2.0, 1.0, note="<script>alert(1)</script>")))
        assert "<script" not in text
        assert "&lt;script&gt;" in text

    def test_it_works_with_nothing_to_show(self) -> None:
        """And says why there is nothing."""
        assert "Nothing has been reported yet" in text_of(showing())
        assert "keeps no journal" in text_of(app_with("off"))

    def test_nothing_is_inline(self) -> None:
        """As the content policy demands, which knows no exception for pictures."""
        text = text_of(showing(outcome(2.0, 1.0)))
        assert not re.search(r"<style|<script|\sstyle=|\son\w+=", text)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    app = app_with(str(tmp_path / "journal.db"))
    journal = app.extensions["journal"]
    id = journal.record(question(), advice())
    for seconds, more in ((1.6, {}), (55.0, {"strategy": "sequential"}), (20.0, {"strategy": "multiprocessing"})):
        assert journal.report(id, seconds=seconds, note="on a quiet evening, " * 5, **more) is not None
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/outcomes"
    server.shutdown()
    thread.join()
    server.server_close()
    journal.close()


@pytest.mark.skipif(found() is None, reason="no browser is installed")
def test_a_browser_shows_it_on_a_desk_and_on_a_phone(served: str, tmp_path: Path) -> None:
    """The policy refuses nothing, the style is there in light and dark, and only the table scrolls sideways."""
    with browse(str(found()), tmp_path / "browser") as page:
        for width, scheme in ((1200, "light"), (360, "dark")):
            page.resize(width, 800)
            page.prefer(scheme)
            page.open(served)
            assert page.value("document.querySelectorAll('circle').length") == 3
            assert page.value("document.documentElement.scrollWidth <= innerWidth")
            fill = "getComputedStyle(document.querySelector('.multiprocessing circle')).fill"
            assert page.value(fill) != page.value(fill.replace(".multiprocessing", ".sequential"))
            assert page.value("document.querySelector('svg').getBoundingClientRect().width") > 250
        assert page.complaints == []
