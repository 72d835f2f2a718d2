"""The quantities in a description: the number of calls, durations, sizes, cores, limits and shares."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.describe.text.quantities import Quantities, extract_quantities
from advisor.describe.text.tokenizer import tokenize, word_set
from advisor.describe.text.units import MAX_DURATION, extract_amounts
from advisor.input_limits import MAX_COUNT_IN_TEXT


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
        ("2000 Dateien per FTP laden", 2000),
        ("500 fichiers par http à envoyer", 500),
    ],
)
def test_counts_in_many_spellings(text: str, calls: int) -> None:
    """Digits, multiples, words and the numbers of other languages give the number of calls."""
    assert extract_quantities(text).calls == calls


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
def test_numbers_that_are_not_counts(text: str) -> None:
    """Networks, versions, years, names, rates, times, sizes and workers are not the number of calls."""
    assert extract_quantities(text).calls is None


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("300 boards, 90 s each", "seconds_per_call", 90),
        ("every call takes 250ms", "seconds_per_call", 0.25),
        ("0.3 s per file", "seconds_per_call", 0.3),
        ("each takes 4-8 s on their side", "seconds_per_call", 6),
        ("every move takes half a second", "seconds_per_call", 0.5),
        ("each takes three quarters of a second", "seconds_per_call", 0.75),
        ("je 700 ms Antwortzeit", "seconds_per_call", 0.7),
        ("0,2 s cada una", "seconds_per_call", 0.2),
        ("40 мс на предложение", "seconds_per_call", 0.04),
        ("1枚90秒", "seconds_per_call", 90),
        ("11 rounds of 6 min", "seconds_per_call", 360),
        ("it runs 3h", "total_seconds", 10_800),
        ("takes 1h30 in total", "total_seconds", 5400),
        ("done in 2 h 40 min", "total_seconds", 9600),
        ("real 58m11s, user 1m12s, sys 0m4s", "total_seconds", 3491),
        ("5 godzin", "total_seconds", 18_000),
        ("loop: 40 s", "total_seconds", 40),
        ("60 disk images of 8 GB each", "bytes_per_call", 8e9),
        ("hashlib.sha512 über 3.000 Tonaufnahmen à 700 MB", "bytes_per_call", 7e8),
        ("120 files x 1.5 GB", "bytes_per_call", 1.5e9),
        ("a 16-core machine", "cores", 16),
        ("told to use the other 15 cores", "cores", 16),
        ("each render only uses 2-3 cores of my 32", "cores", 32),
        ("8 Kerne", "cores", 8),
        ("thumbnails on a 1-core VM", "cores", 1),
        ("on a host with 1 core", "cores", 1),
        ("the server has only one core and 4 GB", "cores", 1),
        ("a single-core machine", "cores", 1),
        ("一台 32 核的机器", "cores", 32),
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
        ("0.5 s download and 2 s parsing per page", "wait_share", 0.2),
        ("per article 3 s waiting for the server and 1 s of nltk", "wait_share", 0.75),
        ("fetch 200 ms, bs4 1.8 s", "wait_share", 0.1),
        ("the db has 20 connections", "max_concurrent", 20),
        ("they allow 10 sessions per customer", "max_concurrent", 10),
    ],
)
def test_amounts(text: str, field: str, value: float) -> None:
    """Units and the words around a number decide which field it belongs to."""
    assert getattr(extract_quantities(text), field) == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("polls every 15 s", "total_seconds"),
        ("polls every 15 s", "seconds_per_call"),
        ("one 2 h movie", "total_seconds"),
        ("4-core box with 64 GB", "bytes_per_call"),
        ("140 GB of logs", "bytes_per_call"),
        ("disk at 99 %, GPU at 35 %", "cpu_share"),
        ("it hangs at 87 %", "cpu_share"),
        ("we get 40 requests a second", "rate_limit_per_second"),
        ("one core is busy", "cores"),
        ("a single-core program", "cores"),
        ("a machine with one core of 16 at work", "cores"),
        ("the server has one core at 100 %", "cores"),
        ("2 s parsing, then 3 s parsing again", "wait_share"),
        ("5 s per page", "wait_share"),
        ("20,000 websocket connections", "max_concurrent"),
        ("the server takes 20 seconds", "max_concurrent"),
    ],
)
def test_amounts_of_other_things(text: str, field: str) -> None:
    """Periods, lengths of films, memory, shares of other devices, and achieved rates are left out."""
    assert getattr(extract_quantities(text), field) is None


PIECES = st.sampled_from(
    sorted(
        word_set(
            "10k 1,200 3.12 2-3 half a an one few hundred of % cpu cores threads Pool ( ) 8 x s ms h 1h30 GB /s / per "
            "each files 千 万 两 个 秒 スレッド тыс . файлов = n_jobs - – : real user 0 99999999999999999999 1. ,5 ² ٣ "
            "लाख quarters times"
        )
    )
)


@settings(max_examples=60)
@given(
    st.one_of(
        st.text(max_size=300), st.lists(PIECES, max_size=40).map(" ".join), st.lists(PIECES, max_size=40).map("".join)
    )
)
def test_any_text_has_valid_quantities(text: str) -> None:
    """No text raises, and all values are within their bounds."""
    tokenized = tokenize(text)
    assert all(0 <= amount.start < amount.end <= len(tokenized.tokens) for amount in extract_amounts(tokenized))
    quantities = extract_quantities(text)
    assert quantities.calls is None or 1 <= quantities.calls <= MAX_COUNT_IN_TEXT
    for seconds in (quantities.seconds_per_call, quantities.total_seconds):
        assert seconds is None or 0 <= seconds <= MAX_DURATION


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
def test_duration_and_count_of_the_same_calls(text: str, each: float | None, calls: int | None) -> None:
    """The duration may be that of one item, and the count a number of times."""
    quantities = extract_quantities(text)
    assert (quantities.seconds_per_call, quantities.calls) == (each, calls)


@pytest.mark.parametrize(
    ("rate", "each", "overlap"), [(10.0, 0.4, True), (1.0, 0.4, False), (None, 0.4, None), (1.0, None, None)]
)
def test_calls_may_overlap_under_a_high_rate_limit(
    rate: float | None, each: float | None, overlap: bool | None
) -> None:
    """By Little's law, the calls in progress are the rate times the duration of a call."""
    assert Quantities(rate_limit_per_second=rate, seconds_per_call=each).rate_limit_allows_overlap is overlap
