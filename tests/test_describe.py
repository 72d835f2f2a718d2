"""Descriptions in plain words → a reading."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.describe import LONGEST, archetypes, read, read_name
from advisor.matrix import LISTS, MATRIX, ROWS, MatrixRow


@pytest.mark.parametrize("row", MATRIX, ids=lambda row: row.task)
def test_a_matrix_row_is_read_as_itself(row: MatrixRow) -> None:
    """The task of each matrix row, given as the description, finds that row and its verdict."""
    reading = read(row.task)
    assert (reading.row, reading.recommendation) == (row, row.recommendation)
    assert reading.profile == archetypes()[row.archetype]


@pytest.mark.parametrize("row", LISTS, ids=lambda row: row.task)
def test_a_list_item_is_read_with_its_verdict(row: MatrixRow) -> None:
    """The items of the notebook's lists come out with the verdict of their list."""
    assert read(row.task).recommendation == row.recommendation


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("I scrape 500 websites one after the other and it takes an hour", "threading"),
        ("resizing 20k photos, one core busy", "multiprocessing"),
        ("list autoscaling groups in every AWS region, one network call per region", "threading"),
        ("password cracking with a wordlist", "multiprocessing"),
        ("run ffmpeg through subprocess on each clip", "threading"),
        ("extract attributes by regex from huge log lines", "multiprocessing"),
        ("my tkinter window freezes while it talks to the serial port", "threading"),
    ],
)
def test_descriptions_as_people_write_them(text: str, verdict: str) -> None:
    """Ordinary descriptions are read by the words of the rows."""
    assert read(text).recommendation == verdict


@pytest.mark.parametrize("text", ["", "   ", "how do I center a div", "\x00\x1b[31m", "💥" * 50, "SELECT" * 3, "'; --"])
def test_nothing_known_is_undecided(text: str) -> None:
    """A text that names nothing known gets questions instead of a guess."""
    reading = read(text)
    assert reading.recommendation == "undecided"
    assert (reading.profile, reading.row, reading.confidence) == (None, None, 0.0)
    assert 1 <= len(reading.questions) <= 2


def test_as_much_for_one_as_for_the_other_is_undecided() -> None:
    """One word for threads and one for processes is a tie, and asks where the time goes."""
    reading = read("images and database")
    assert reading.recommendation == "undecided"
    assert any("waiting" in question for question in reading.questions)


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("Downloading 100 files", 100),
        ("1,500 small images to resize", 1500),
        ("10k urls", 10_000),
        ("2 million records from a database", 2_000_000),
        ("download files with 8 threads", None),
        ("8 cores and files on disk", None),
        ("3 times slower, many files", None),
        ("80 seconds for files", None),
        ("1000 messages a second from the chat", None),
        ("99999999999999999999 files", None),
    ],
)
def test_a_count_of_calls_is_taken_when_obvious(text: str, calls: int | None) -> None:
    """A number of things to do becomes the job's size; times, sizes, cores and rates do not."""
    reading = read(text)
    assert reading.calls == calls
    assert reading.job.calls == (1000 if calls is None else calls)


def test_a_server_is_only_a_place_for_what_is_loaded_from_it() -> None:
    """Loading from a web server is a download, without shared state; being one is not, whatever it handles."""
    client = read("download 500 files from a web server")
    assert (client.archetype, client.job.shares_state, client.calls) == ("download", None, 500)
    assert read("fetch pages off our slow http server").archetype == "download"
    assert read("web server for file downloads").archetype == "web-handler"
    assert read("handling requests on a web server").archetype == "web-handler"


def test_intents_of_the_job() -> None:
    """A shared state and a user interface are read as intents of the job."""
    assert read("Real-time chat app").job.shares_state is True
    assert read("GUI that calls a REST API").job.responsive is True
    assert read("Downloading 100 files").job.shares_state is None


def test_coroutine_words_call_for_asyncio() -> None:
    """Waiting work described with async words is for an event loop; computing is not."""
    waiting = read("async function with aiohttp that fetches urls")
    assert waiting.recommendation == "asyncio"
    assert waiting.profile is not None
    assert waiting.profile.coroutine
    assert (
        read("my asyncio service does heavy image resizing and math calculations").recommendation == "multiprocessing"
    )


def test_confidence_is_lower_where_words_disagree() -> None:
    """A reading that something spoke against is less sure than one that everything agrees with, and never certain."""
    agreed, mixed = read("download urls"), read("download urls over http, then resize")
    assert agreed.recommendation == mixed.recommendation == "threading"
    assert 0 < mixed.confidence < agreed.confidence < 1


@given(st.text(st.characters(exclude_categories=()), max_size=300))
def test_any_text_is_safe(text: str) -> None:
    """No text raises, and a reading has a profile exactly when it is decided."""
    reading = read(text)
    assert (reading.profile is None) == (reading.recommendation == "undecided")


@pytest.mark.parametrize("piece", ["a", "download ", "1 ", "1,000 ", "100 very ", "9", "\n", "é", "web scraping-"])
def test_a_huge_text_is_safe(piece: str) -> None:
    """A text of a million characters is read, up to its limit."""
    assert read(piece * 1_000_000) == read((piece * 1_000_000)[:LONGEST])


@pytest.mark.parametrize(
    ("target", "task"),
    [
        ("shop.thumbs:resize_all", "Processing 100 images"),
        ("jobs/crawler.py:fetchPage", "Downloading 100 files"),
        ("store.db:Client.query", "Database queries"),
        ("images:download", None),
        ("demo:f", None),
        (":", None),
    ],
)
def test_a_name_speaks_of_a_row(target: str, task: str | None) -> None:
    """A target's name counts only where all its words speak for one verdict."""
    row = read_name(target)
    assert (row.task if row else None) == task


def test_archetypes_are_assumed_and_wide() -> None:
    """Every archetype says that it is one, and how little its figures are to be trusted."""
    used = {row.archetype for row in ROWS}
    assert used <= set(archetypes())
    for name, profile in archetypes().items():
        assert profile.archetype == name
        assert profile.standard_error["wall"] >= 0.25 * profile.wall
