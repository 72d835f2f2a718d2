"""Quantities in a description: what counts as calls, and what the other numbers are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.describe.text.quantities import Quantities, quantities
from advisor.describe.text.tokenizer import tokenised, vocabulary
from advisor.describe.text.units import LONGEST, measures
from advisor.limits import MAX_COUNT_IN_TEXT


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("10k urls", 10_000),
        ("2.5M rows to go through", 2_500_000),
        ("1,200 product photos", 1200),
        ("2.400 Datenblätter vom Server", 2400),
        ("30 000 petits fichiers", 30_000),
        ("a couple hundred pdfs", 200),
        ("twenty-five thousand letters", 25_000),
        ("half a million invoices", 500_000),
        ("dozens of hosts", 36),
        ("3,000,000 tweets", 3_000_000),
        ("copiar 15 mil ficheros pequeños", 15_000),
        ("прочитать заголовки 200 тыс. файлов", 200_000),
        ("要下载两万个小文件", 20_000),
        ("転送したい写真2000枚", 2000),
        ("25 हज़ार फ़ोटो", 25_000),
        ("31 hotels x 400 images", 12_400),
        ("I've 7k to do and 60 cores", 7000),
        ("1,500 documents, 40 pages each", 1500),
        ("9,000 pictures a day", 9000),
        ("das Zusammenbauen der 600.000 Objekte dauert eine Viertelstunde", 600_000),
        ("# 140 jobs, farm has 90 nodes", 140),
        ("12 network devices since 2019", 12),
    ],
)
def test_a_count_is_read_in_many_spellings(text: str, calls: int) -> None:
    """Thousands, multiples, words and other languages' numbers come out as the number of calls."""
    assert quantities(text).calls == calls


@pytest.mark.parametrize(
    "text",
    [
        "scan 10.0.0.0/24",
        "since 2019 on python 3.12 and postgres 15",
        "release 4.7, PERF-212, #8814 and port 5432",
        "x265, sha256, utf-8, base64 and h264",
        "download files with 8 threads",
        "8 cores and files on disk",
        "3 times slower, many files",
        "80 seconds for files",
        "1000 messages a second from the chat",
        "99999999999999999999 files",
        "40 pages per document",
        "20000x20000 matrix",
        "costs $40",
        "a 3d printer with an i9",
        "",
    ],
)
def test_other_numbers_are_no_counts(text: str) -> None:
    """Nets, versions, years, names, rates, times, sizes and workers do not become calls."""
    assert quantities(text).calls is None


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("300 boards, 90 s each", "seconds_each", 90),
        ("every call takes 250ms", "seconds_each", 0.25),
        ("0.3 s per file", "seconds_each", 0.3),
        ("each takes 4-8 s on their side", "seconds_each", 6),
        ("every move takes half a second", "seconds_each", 0.5),
        ("each takes three quarters of a second", "seconds_each", 0.75),
        ("je 700 ms Antwortzeit", "seconds_each", 0.7),
        ("0,2 s cada una", "seconds_each", 0.2),
        ("40 мс на предложение", "seconds_each", 0.04),
        ("1枚90秒", "seconds_each", 90),
        ("11 rounds of 6 min", "seconds_each", 360),
        ("it runs 3h", "seconds_total", 10_800),
        ("takes 1h30 in total", "seconds_total", 5400),
        ("done in 2 h 40 min", "seconds_total", 9600),
        ("real 58m11s, user 1m12s, sys 0m4s", "seconds_total", 3491),
        ("5 godzin", "seconds_total", 18_000),
        ("loop: 40 s", "seconds_total", 40),
        ("60 disk images of 8 GB each", "bytes_each", 8e9),
        ("hashlib.sha512 über 3.000 Tonaufnahmen à 700 MB", "bytes_each", 7e8),
        ("120 files x 1.5 GB", "bytes_each", 1.5e9),
        ("a 16-core machine", "cores", 16),
        ("told to use the other 15 cores", "cores", 16),
        ("each render only uses 2-3 cores of my 32", "cores", 32),
        ("8 Kerne", "cores", 8),
        ("thumbnails on a 1-core VM", "cores", 1),
        ("on a host with 1 core", "cores", 1),
        ("the server has only one core and 4 GB", "cores", 1),
        ("a single-core machine", "cores", 1),
        ("一台 32 核的机器", "cores", 32),
        ("Pool(8) used 30 GB", "workers_tried", 8),
        ("n_jobs=16 and no gain", "workers_tried", 16),
        ("tried 20 threads", "workers_tried", 20),
        ("the API allows 60 calls per minute", "rate_limit_per_second", 1),
        ("max 5 requests/s", "rate_limit_per_second", 5),
        ("Crawl-delay: 10", "rate_limit_per_second", 0.1),
        ("cpu at 3 %", "cpu_share", 0.03),
        ("top shows 3200 % cpu", "cpu_share", 32),
        ("CPU 95 % idle", "cpu_share", 0.05),
        ("90 % of the time in requests", "wait_share", 0.9),
        ("1 of 16 cores", "busy_cores", 1),
        ("workstation at 6 %, 16 cores", "busy_cores", 1),
        ("9 of 10 cores idle", "busy_cores", 1),
    ],
)
def test_units_decide_what_a_number_is(text: str, field: str, value: float) -> None:
    """Durations, sizes, cores, workers, limits and shares are read from their units and neighbours."""
    assert getattr(quantities(text), field) == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("polls every 15 s", "seconds_total"),
        ("polls every 15 s", "seconds_each"),
        ("one 2 h movie", "seconds_total"),
        ("4-core box with 64 GB", "bytes_each"),
        ("140 GB of logs", "bytes_each"),
        ("disk at 99 %, GPU at 35 %", "cpu_share"),
        ("it hangs at 87 %", "cpu_share"),
        ("we get 40 requests a second", "rate_limit_per_second"),
        ("one core is busy", "cores"),
        ("a single-core program", "cores"),
        ("a machine with one core of 16 at work", "cores"),
        ("the server has one core at 100 %", "cores"),
        ("-threads 1", "workers_tried"),
    ],
)
def test_what_looks_like_a_quantity_and_is_none(text: str, field: str) -> None:
    """Periods, lengths of films, memory, other devices' shares and rates that are reached are left out."""
    assert getattr(quantities(text), field) is None


def test_spans_say_where_a_field_was_read() -> None:
    """Every field that was told has its place in the text, number and unit."""
    text = "We fetch 1,200 urls, 250ms each, on 8 cores."
    told = {span.field: text[span.start : span.end] for span in quantities(text).spans}
    assert told == {"calls": "1,200", "seconds_each": "250ms", "cores": "8 cores"}


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    """No text raises, and what is told is within bounds, with its span in the text."""
    read = quantities(text)
    assert read.calls is None or 1 <= read.calls <= MAX_COUNT_IN_TEXT
    for seconds in (read.seconds_each, read.seconds_total):
        assert seconds is None or 0 <= seconds <= LONGEST
    assert {span.field for span in read.spans} <= set(Quantities.__slots__)
    assert all(0 <= span.start < span.end <= len(text) for span in read.spans)


PIECES = st.sampled_from(
    sorted(
        vocabulary(
            "10k 1,200 3.12 2-3 half a an one few hundred of % cpu cores threads Pool ( ) 8 x s ms h 1h30 GB /s / per "
            "each files 千 万 两 个 秒 スレッド тыс . файлов = n_jobs - – : real user 0 99999999999999999999 1. ,5 ² ٣ "
            "लाख quarters times"
        )
    )
)


@given(st.lists(PIECES, max_size=40).map(" ".join), st.lists(PIECES, max_size=40).map("".join))
def test_any_mixture_of_its_own_words_is_read(spaced: str, joined: str) -> None:
    """Numbers and units in any order, with and without spaces, are read without an exception."""
    for text in (spaced, joined):
        for measure in measures(tokenised(text)):
            assert 0 <= measure.start < measure.end <= len(text)
        quantities(text)


@pytest.mark.parametrize(
    ("text", "calls"), [("2000 Dateien per FTP laden", 2000), ("500 fichiers par http à envoyer", 500)]
)
def test_by_which_way_is_no_part_of_a_call(text: str, calls: int) -> None:
    """In other languages "per" also says how."""
    assert quantities(text).calls == calls


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("0.5 s download and 2 s parsing per page", 0.2),
        ("per article 3 s waiting for the server and 1 s of nltk", 0.75),
        ("fetch 200 ms, bs4 1.8 s", 0.1),
        ("2 s parsing, then 3 s parsing again", None),
        ("5 s per page", None),
    ],
)
def test_parts_with_their_own_times_tell_what_waits(text: str, share: float | None) -> None:
    """Where both a waiting and a computing part have a time."""
    assert quantities(text).wait_share == share


@pytest.mark.parametrize(
    ("text", "at_once"),
    [
        ("the db has 20 connections", 20),
        ("they allow 10 sessions per customer", 10),
        ("20,000 websocket connections", None),
        ("the server takes 20 seconds", None),
    ],
)
def test_how_many_are_let_in_at_once(text: str, at_once: int | None) -> None:
    """Connections that the other side allows; not those that somebody wants."""
    assert quantities(text).at_once == at_once


@pytest.mark.parametrize(
    ("text", "each", "calls"),
    [
        ("20k pages, a page takes 4-5 seconds", 4.5, 20_000),
        ("one run is 20 min, 300 combinations", 1200.0, 300),
        ("my function takes 30 ms and I call it 2 million times", 0.03, 2_000_000),
        ("3000 of them, 2 s each", 2.0, 3000),
        ("threads make it 20 times slower", None, None),
    ],
)
def test_the_length_of_one_and_how_many(text: str, each: float | None, calls: int | None) -> None:
    """Told of one of them, or as a number of times."""
    told = quantities(text)
    assert (told.seconds_each, told.calls) == (each, calls)


@pytest.mark.parametrize(
    ("rate", "each", "several"), [(10.0, 0.4, True), (1.0, 0.4, False), (None, 0.4, None), (1.0, None, None)]
)
def test_what_a_rate_limit_lets_be_under_way(rate: float | None, each: float | None, several: bool | None) -> None:
    """By Little's law: the rate times the length of a call."""
    assert Quantities(rate_limit_per_second=rate, seconds_each=each).several_within_limit is several
