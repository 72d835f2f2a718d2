"""The clauses of a description: what is negated, ruled out, blamed, tried, or only supposed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.describe.text.clauses import Clause, extract_clauses
from advisor.describe.text.quantities import extract_quantities
from advisor.describe.text.tokenizer import word_set


def clause_with(text: str, word: str) -> Clause:
    return next(clause for clause in extract_clauses(text) if word in clause.text)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("it's the parsing, not the download", "download"),
        ("there is no network any more", "network"),
        ("no disk, network or database involved", "database"),
        ("pure python no numpy at all", "numpy"),
        ("on my machine nothing is computed", "computed"),
        ("we store them without decoding", "decoding"),
        ("es wird nichts gerechnet", "gerechnet"),
        ("ce n'est pas le réseau", "réseau"),
        ("no hago ningún procesado", "procesado"),
        ("Картинки не обрабатываю, только заливаю", "обрабатываю"),
        ("没有网络，全是计算", "网络"),
    ],
)
def test_negated_clauses(text: str, word: str) -> None:
    """A noun that the text denies is in a negated clause."""
    assert clause_with(text, word).negated


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("it's the parsing, not the download", "parsing"),
        ("not the disk but the regexes", "regexes"),
        ("it does nothing but wait", "wait"),
        ("the window is not responding while it asks the server", "server"),
        ("Images are only downloaded, no resizing", "downloaded"),
        ("chaque pas dépend du précédent", "précédent"),
        ("y = math.sin(x) for each of them", "math"),
    ],
)
def test_clauses_that_are_not_negated(text: str, word: str) -> None:
    """A negation ends with its clause, and "nothing but" is not a negation."""
    assert not clause_with(text, word).negated


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("The download is already done, now the parsing", "download"),
        ("reading is fast and parsing takes hours", "reading"),
        ("the API calls are cached", "API"),
        ("soup is next to nothing and requests.get is nearly everything", "soup"),
        ("hashing is 1%, the rest is sitting in recv", "hashing"),
        ("the disk isn't the bottleneck", "disk"),
        ("Heruntergeladen ist schon alles, jetzt wird zerlegt", "Heruntergeladen"),
        ("La descarga ya está hecha", "descarga"),
        ("les scans sont déjà en local", "scans"),
        ("Страницы уже скачаны", "Страницы"),
        ("爬虫已经爬完了，慢的是解析", "爬虫"),
    ],
)
def test_ruled_out_clauses(text: str, word: str) -> None:
    """Work that is finished, quick, cached or not the problem is ruled out."""
    assert clause_with(text, word).ruled_out


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("the bottleneck is the parsing", "parsing"),
        ("soup is next to nothing and requests.get is nearly everything", "requests.get"),
        ("94 % in recv_into of _socket.socket", "recv_into"),
        ("turns out html parsing is slow", "html"),
        ("most of the time goes into my regexes", "regexes"),
        ("Lo lento es mi parser", "parser"),
        ("тормозит именно разбор", "разбор"),
        ("慢的是用纯 Python 解析", "解析"),
    ],
)
def test_blamed_clauses(text: str, word: str) -> None:
    """A clause that says where the time goes blames what it names."""
    clause = clause_with(text, word)
    assert clause.blamed
    assert not clause.ruled_out


@pytest.mark.parametrize(
    "text", ["the network is not the bottleneck", "I thought the network is the bottleneck", "CPU at 94 % in top"]
)
def test_clauses_that_do_not_blame(text: str) -> None:
    """A denied or suspected bottleneck is not blamed, nor is a busy processor."""
    assert not any(clause.blamed for clause in extract_clauses(text))


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("threads made no difference at all", "threads failed"),
        ("tried 8 threads and it got slower", "threads failed"),
        ("Tried ThreadPoolExecutor. No change.", "threads failed"),
        ("Why are threads no faster?", "threads failed"),
        ("8 threads gave me 0.97x", "threads failed"),
        ("only processes got faster (7.4x on 8). Why did the threads not?", "threads failed"),
        ("with threads wall time went from 212 s to 230 s", "threads failed"),
        ("I had heard threads never help, and yet my test with 4 threads was 3.8x", "threads helped"),
        ("Surprisingly threads DID help", "threads helped"),
        ("loop: 40 s. ThreadPoolExecutor(8): 6 s.", "threads helped"),
        ("Pool(8) used 30 GB and got slower", "processes failed"),
        ("into a Pool and it's 40 times slower than the plain loop??", "processes failed"),
        ("8 processes were 6x faster", "processes helped"),
        ("asyncio.gather changed nothing", "asyncio failed"),
        ("await asyncio.gather(*(score(d) for d in docs))  # no faster than the loop", "asyncio failed"),
        ("did it with threading and it got SLOWER??", "threads failed"),
        ("ThreadPoolExecutor(8).map(fit, curves)   # 6000 curves, same time as without", "threads failed"),
        ("--threads 8 takes 8.1x the time of one with threads", "threads failed"),
        ("Threads haben gar nichts gebracht", "threads failed"),
        ("les threads n'y changent rien", "threads failed"),
        ("con hilos no mejora nada", "threads failed"),
        ("потоки не ускорили", "threads failed"),
        ("多线程试过没用", "threads failed"),
        ("スレッド8本にしても 62 秒が 63 秒になっただけ", "threads failed"),
    ],
)
def test_outcomes(text: str, outcome: str) -> None:
    """An approach and its result make an outcome, in one clause or in two."""
    assert outcome in {clause.outcome for clause in extract_clauses(text)}


@pytest.mark.parametrize(
    "text",
    [
        "Would threads make it faster?",
        "I want to make it faster with threads",
        "Read everywhere that threads are useless in python",
        "Do processes help?",
        "my loop is slow. How about asyncio?",
        "Bringen Threads was?",
        "it got slower since the update",
        "Is multiprocessing faster than threads?",
    ],
)
def test_clauses_without_outcome(text: str) -> None:
    """Questions, hopes, hearsay, and changes without an approach are no outcomes."""
    assert {clause.outcome for clause in extract_clauses(text)} == {None}


@pytest.mark.parametrize(
    "text",
    [
        "Because of the GIL I need processes, right?",
        "Would threads help?",
        "my colleague says use processes",
        "I thought it's the network",
        "soll ich Threads nehmen",
        "同事说压缩要用多进程",
    ],
)
def test_hypothetical_clauses(text: str) -> None:
    """Claims of others, beliefs, and questions about threads and processes are hypothetical."""
    assert extract_clauses(text)[0].hypothetical


@pytest.mark.parametrize(
    "text", ["I want to download 500 files", "we resize 40k jpgs", "each call waits for the server"]
)
def test_a_task_is_not_hypothetical(text: str) -> None:
    """The task that someone wants done is a fact."""
    assert not any(clause.hypothetical for clause in extract_clauses(text))


WORDS = st.sampled_from(
    sorted(
        word_set(
            "not no threads Pool ( ) faster slower but and is already done download , . ? ! : ; why would nothing sin "
            "pas не пока 8x 50 % in from 4 to 11 min loop 没用 線程 スレッド が İ ' - [ ] asyncio.gather because "
            "which that was"
        )
    )
)


@settings(max_examples=60)
@given(st.one_of(st.text(max_size=300), st.lists(WORDS, max_size=40).map(" ".join), st.lists(WORDS).map("".join)))
def test_any_text_has_clauses(text: str) -> None:
    """No text raises; clauses are in order, do not overlap, and hold the text at their positions."""
    end = 0
    for clause in extract_clauses(text):
        assert end <= clause.start < clause.end <= len(text)
        assert clause.text == text[clause.start : clause.end]
        end = clause.end


HOSTILE = (
    "1", "一", "İ", "'", "-", "(", "\n", "1,", "1 111 ", "no, ", "why, ", "and is ", "50 % ", "half a ", "5 x ", "1h30",
    "3 s each,", "threads 8x, ", "1 of 8 cores ", "crawl-delay 5 ", "threads: 4 s. loop: 3 s. ", "tried threads ",
    "files of 5 GB each ", "twenty ", "from 3 s to 4 s ", "几千",
)  # fmt: skip


def count_calls(function: Callable[[str], object], text: str) -> int:
    """Count the calls of Python and C functions: the work, independent of the machine."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        function(text)
    finally:
        sys.setprofile(before)
    return calls


@pytest.mark.slow
@pytest.mark.parametrize("piece", HOSTILE)
def test_work_grows_with_the_length_of_a_hostile_text(piece: str) -> None:
    """Four times the text takes about four times the work; quadratic work would be sixteen times."""
    short, long = ((piece * length)[:length] for length in (2_500, 10_000))
    for extract in (extract_clauses, extract_quantities):
        extract(piece)
        assert count_calls(extract, long) <= 6 * count_calls(extract, short) + 1000
