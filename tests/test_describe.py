"""Descriptions in plain words → a reading."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.api import advise_description, curves
from advisor.describe.archetype_profiles import KINDS, MAX_JOB_SECONDS, archetypes
from advisor.describe.decision_matrix import LISTS, MATRIX, ROWS
from advisor.describe.matrix_lookup import row_for_name
from advisor.describe.reader import (
    BUSY_CORE,
    HOW_LONG,
    INDEPENDENT,
    WHAT_A_CALL_DOES,
    WHERE_IT_WORKS,
    read,
)
from advisor.input_limits import MAX_DESCRIPTION
from advisor.models import Advice, Machine, MatrixRow


def advised(text: str, cores: int = 8, **host: int) -> Advice:
    """Advice on a description for a host with so many cores."""
    return advise_description(text, calls=None, machine=Machine(cores=cores, **host), cores=None)


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
        ("password cracking with a wordlist", "multiprocessing"),
        ("extract attributes by regex from huge log lines", "multiprocessing"),
        ("my tkinter window freezes while it talks to the serial port", "threading"),
        ("async function with aiohttp that fetches urls", "asyncio"),
        ("each iteration needs the result of the one before", "sequential"),
        ("the files are already downloaded, parsing them with beautifulsoup is the slow part", "multiprocessing"),
    ],
)
def test_descriptions_as_people_write_them(text: str, verdict: str) -> None:
    """Ordinary descriptions, by words, by what is already done, and by what is to blame."""
    assert read(text).recommendation == verdict


@pytest.mark.parametrize("text", ["", "   ", "how do I center a div", "\x00\x1b[31m", "💥" * 50, "SELECT" * 3, "'; --"])
def test_nothing_known_is_undecided(text: str) -> None:
    """A text that names nothing known gets questions instead of a guess."""
    reading = read(text)
    assert reading.recommendation == "undecided"
    assert (reading.profile, reading.row, reading.confidence) == (None, None, 0.0)
    assert 1 <= len(reading.questions) <= 2


@pytest.mark.parametrize(
    ("text", "questions"),
    [
        ("it is slow", (WHAT_A_CALL_DOES, WHERE_IT_WORKS)),
        ("process 700 files, 2 min per file", (WHERE_IT_WORKS, BUSY_CORE)),
        ("slugify 300 titles", (INDEPENDENT, HOW_LONG)),
        ("convert 20 records, 0.1 s", (INDEPENDENT, WHERE_IT_WORKS)),
    ],
)
def test_the_questions_are_about_what_is_open(text: str, questions: tuple[str, ...]) -> None:
    """Where nothing is known, what a call does; else where the time goes, or whether the calls need each other."""
    assert read(text).questions == questions


def test_the_number_of_calls_that_a_text_tells_is_the_jobs() -> None:
    """Without one, a thousand are assumed."""
    assert (read("10k urls").calls, read("10k urls").job.calls) == (10_000, 10_000)
    assert (read("8 cores and files on disk").calls, read("8 cores and files on disk").job.calls) == (None, 1000)


def test_what_a_text_tells_of_a_call_becomes_the_profile() -> None:
    """Seconds of a call scale the archetype's; a total is shared out; the parts stay in proportion."""
    typical = archetypes()["download"]
    told = read("download 500 pages with requests.get one after the other, each takes 2 seconds")
    assert told.profile is not None
    assert (told.archetype, told.calls, told.profile.wall) == ("download", 500, pytest.approx(2.0))
    assert told.profile.wait is not None
    assert typical.wait is not None
    assert told.profile.wait / told.profile.wall == pytest.approx(typical.wait / typical.wall)
    assert told.profile.standard_error["wall"] < typical.standard_error["wall"] / typical.wall * told.profile.wall


def test_a_total_without_a_count_is_that_of_the_whole_job() -> None:
    """Nobody counted the calls, so the job has as many as are assumed and takes as long as was told."""
    told = read("parsing our XML files with a hand-written python parser takes 5 hours, one core is busy")
    assert told.profile is not None
    assert (told.calls, told.profile.wall * told.job.calls) == (None, pytest.approx(5 * 3600))


def test_many_short_calls_have_little_to_work_on() -> None:
    """A row is no table: what goes to a process shrinks with the time that a call takes."""
    told = read("3 million rows, df.apply with a python function takes 45 minutes, one core busy")
    assert told.profile is not None
    assert (told.recommendation, told.calls) == ("multiprocessing", 3_000_000)
    assert told.profile.wall == pytest.approx(2700 / 3e6)
    assert (told.profile.argument_bytes or 0) < 10_000
    advice = advised("3 million rows, df.apply takes 45 minutes")
    assert advice.recommendation == "multiprocessing"


def test_sizes_tell_how_long_a_call_is_where_nothing_else_does() -> None:
    """Hashing 4 GB takes seconds, not the fifth of one that is typical."""
    told = read("hash 200 files of 4 GB each with hashlib")
    assert told.profile is not None
    assert (told.archetype, told.profile.wall) == ("native", pytest.approx(4.0))


def test_many_calls_of_unknown_length_are_no_job_for_months() -> None:
    """A million things whose time nobody told are assumed to be done within a day."""
    told = read("crack md5 hashes with a wordlist of 14 million words, pure python")
    assert told.profile is not None
    assert told.profile.wall * told.job.calls <= MAX_JOB_SECONDS * (1 + 1e-9)


def test_a_window_that_hangs_wants_one_thread() -> None:
    """It gains no speed, and the advice says what it is for."""
    advice = advised("my tkinter window freezes while it talks to the serial port")
    assert (advice.recommendation, advice.workers, advice.job.calls) == ("threading", 1, 1)
    assert advice.reasons[0].rule == "off-the-main-thread"


def test_connections_that_are_allowed_limit_the_gain() -> None:
    """No more workers than the other side lets in."""
    advice = advised("one SELECT per customer, 12,000 customers, 80 ms each, the database has 6 connections")
    assert advice.recommendation == "threading"
    assert advice.workers <= 7


def test_large_things_that_are_computed_on_need_their_memory() -> None:
    """Of 16 workers, as many as the memory holds are advised."""
    text = "parse 200 xml files of 3 GB each with lxml, pure python afterwards, one core is busy"
    advice = advised(text, 16, memory=16_000_000_000)
    assert advice.profile is not None
    assert (advice.profile.peak_memory or 0) > 3_000_000_000
    assert advice.workers <= 4


def test_the_cores_that_a_text_tells_are_planned_for() -> None:
    """Unless the caller names others."""
    text = "resize 40k jpgs with Pillow on 24 cores"
    host = Machine(cores=2)
    assert advise_description(text, calls=None, machine=host, cores=None).machine.cores == 24
    assert advise_description(text, calls=None, machine=host, cores=4).machine.cores == 4


def test_a_rate_limit_ends_the_gain() -> None:
    """More calls than are allowed can't be made by more workers."""
    text = "call a REST API for 5000 customers, the server takes 2 s, at most 2 requests per second are allowed"
    advice = advised(text, 4)
    assert advice.seconds is not None
    assert advice.seconds.expected >= 2400


def test_what_is_known_of_the_libraries_comes_along() -> None:
    """As a reason with its version and source, and as pitfalls of the verdict."""
    text = "40k html pages already on disk, parsing each with beautifulsoup takes 0.3 s, one core is busy"
    advice = advised(text)
    assert advice.recommendation == "multiprocessing"
    (fact,) = [reason for reason in advice.reasons if reason.rule == "knowledge"][:1]
    assert "GIL" in fact.text or "Python" in fact.text
    assert fact.source.startswith("https://")
    assert [reason.rule for reason in advice.reasons].count("turning-point") == 1
    assert any(reason.rule == "words" for reason in advice.reasons)


def test_intents_of_the_job() -> None:
    """A shared state and a user interface are read as intents of the job."""
    assert read("Real-time chat app").job.shares_state is True
    assert read("GUI that calls a REST API").job.responsive is True
    assert read("Downloading 100 files").job.shares_state is None


def test_coroutine_words_call_for_asyncio() -> None:
    """Waiting work described with async words is for an event loop."""
    waiting = read("async function with aiohttp that fetches urls")
    assert waiting.recommendation == "asyncio"
    assert waiting.profile is not None
    assert waiting.profile.coroutine


def test_what_needs_the_call_before_keeps_the_plain_loop() -> None:
    """The verdict is the text's, and the typical profile agrees with it."""
    advice = advised("each iteration needs the result of the one before")
    assert (advice.recommendation, advice.workers, advice.evidence) == ("sequential", 1, "described")


@given(st.text(st.characters(exclude_categories=()), max_size=300))
def test_any_text_is_safe(text: str) -> None:
    """No text raises, and a reading has a profile exactly when it is decided."""
    reading = read(text)
    assert (reading.profile is None) == (reading.recommendation == "undecided")


@pytest.mark.parametrize("piece", ["a", "download ", "1 ", "1,000 ", "100 very ", "9", "\n", "é", "web scraping-"])
def test_a_huge_text_is_safe(piece: str) -> None:
    """A text of a million characters is read, up to its limit."""
    assert read(piece * 1_000_000) == read((piece * 1_000_000)[:MAX_DESCRIPTION])


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
    row = row_for_name(target)
    assert (row.task if row else None) == task


def test_archetypes_are_assumed_and_wide() -> None:
    """Every archetype says that it is one, and how little its figures are to be trusted."""
    used = {row.archetype for row in ROWS}
    assert used <= set(archetypes())
    assert set(archetypes()) == set(KINDS)
    for name, profile in archetypes().items():
        assert profile.archetype == name
        assert profile.standard_error["wall"] >= 0.25 * profile.wall


def test_another_programs_work_is_not_taken_for_the_gils() -> None:
    """Where only a child program is named, threads are the answer, and its CPU time is not Python's."""
    reading = read("ocr 900 scans with pytesseract, 6 s each, one after the other on 16 cores")
    assert (reading.recommendation, reading.archetype) == ("threading", "child-program")
    assert reading.profile is not None
    assert (reading.profile.child_cpu or 0) > 0.8 * reading.profile.wall


def test_the_curves_of_a_described_task_end_where_its_advice_does() -> None:
    """Nobody has measured what is behind the waiting: a curve to 256 threads would promise what the advice does not."""
    advice = advised("Downloading 100 files", 2)
    assert max(one.workers for one in curves(advice)) == 32
    assert advice.workers <= 32


@pytest.mark.parametrize("where", [" on 2 cores", ", 16 cores", " on an 8-core laptop", " with 4 CPUs."])
def test_a_row_word_for_word_is_answered_whatever_host_it_is_for(where: str) -> None:
    """Who adds the cores says more, not less."""
    assert read(f"Processing 100 images{where}").recommendation == "multiprocessing"
    assert read(f"processing images{where}").recommendation == "multiprocessing"
