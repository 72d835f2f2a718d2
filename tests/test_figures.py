"""How the figures of a description are understood: times of the whole job or of each call, and the words for them."""

import pytest

from advisor.api import advise_description
from advisor.decide.explain import FIGURES
from advisor.describe.reader import read
from advisor.describe.text.quantities import extract_quantities
from advisor.models import Advice, Machine
from advisor.report import terminal
from advisor.report.layout import Screen


def advised(text: str) -> Advice:
    """Advice on a description for a host of eight cores."""
    return advise_description(text, calls=None, machine=Machine(cores=8), cores=None)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1000000 calls of math.sqrt; the whole loop takes 0.5 s", 0.5),
        ("1000000 calls of math.sqrt, 0.5 s in total", 0.5),
        ("1,000,000 calls of math.sqrt; all of them take 0.5 s", 0.5),
        ("a million calls of math.sqrt, the entire run is 0.5 s", 0.5),
        ("math.sqrt over 1000000 numbers, 0.5 s altogether", 0.5),
        ("math.sqrt over 1000000 numbers: 0.5 s overall", 0.5),
        ("1000000 numbers, 0.5 s for everything", 0.5),
        ("math.sqrt takes 0.5 s for 1000000 calls", 0.5),
        ("0.5 s for 1000000 calls", 0.5),
        ("it takes 0.5 s for all 1000000 rows", 0.5),
        ("500 ms for 1000000 calls of math.sqrt", 0.5),
        ("500 ms for all 1000000 calls", 0.5),
        ("1000000 Aufrufe von math.sqrt, dauert insgesamt 0,5 s", 0.5),
        ("1000000 Aufrufe, zusammen 0,5 s", 0.5),
        ("1000000 Zeilen, die ganze Schleife dauert 0,5 s", 0.5),
        ("1000000 Zeilen, alle zusammen brauchen 0,5 s", 0.5),
        ("1000000 appels, en tout 0,5 s", 0.5),
        ("1000000 lignes, 0,5 s en tout", 0.5),
        ("1000000 lignes, au total 0,5 s", 0.5),
        ("1000000 lignes, toute la boucle prend 0,5 s", 0.5),
        ("1000000 filas, en total 0,5 s", 0.5),
        ("1000000 filas, todo el bucle tarda 0,5 s", 0.5),
        ("1000000 filas: todas juntas tardan 0,5 s", 0.5),
        ("the loop over 1000000 rows takes 0.5 s", 0.5),
        ("looping over 1000000 rows takes 0.5 s", 0.5),
        ("the loop takes 0.8 s for 200000 rows", 0.8),
        ("processing all 200000 rows takes 0.8 s", 0.8),
        ("all 200000 rows are done in 0.8 s", 0.8),
        ("200000 rows, the full run takes 0.8 s", 0.8),
        ("200000 rows, the complete job takes 0.8 s", 0.8),
        ("200000 rows, whole thing 0.8 s", 0.8),
        ("200000 rows, total runtime 0.8 s", 0.8),
        ("200000 rows, total time: 0.8 s", 0.8),
        ("the script takes 0.8 s for 200000 rows", 0.8),
        ("the whole batch of 200000 rows needs 0.8 s", 0.8),
        ("0.8 seconds for the lot, 200000 rows", 0.8),
        ("40,000 strings in 0.3 s", 0.3),
        ("hashes 40,000 strings in 0.3 s", 0.3),
        ("40000 small strings hashed in 300 ms", 0.3),
        ("300 ms to hash 40000 strings", 0.3),
        ("100 files, 20 s in all", 20),
        ("100 files, 20 s for all of them", 20),
        ("1000 requests take 20 s together", 20),
        ("1000 requests, 20 s combined", 20),
        ("1000 requests, all in all 20 s", 20),
        ("100 files take 20 s", 20),
    ],
)
def test_times_of_the_whole_job(text: str, seconds: float) -> None:
    """A time for the loop, the entire run, all or so many calls, however short, is that of the whole job."""
    found = extract_quantities(text)
    assert (found.seconds_per_call, found.total_seconds) == (None, seconds)
    assert found.calls is not None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1000000 calls of f, 0.5 s each", 0.5),
        ("100 files, 0.5 s per file", 0.5),
        ("100 files, each takes 0.5 s", 0.5),
        ("a call takes 0.5 s, there are 100 calls", 0.5),
        ("100 requests, 200 ms latency", 0.2),
        ("100 requests of 200 ms", 0.2),
        ("100 requests, 0.2 s a piece", 0.2),
        ("100 urls; the server needs 0.5 s to answer", 0.5),
        ("500 pages, 0.3 s", 0.3),
        ("500 pages, response time 300 ms, all of them from one server", 0.3),
        ("one loop iteration takes 0.5 s, 100 iterations", 0.5),
        ("every run of the loop takes 0.5 s", 0.5),
        ("each of all 300 files takes 0.2 s", 0.2),
        ("0.5 s per call for all 1000 calls", 0.5),
        ("parse 300 files, it takes 0.4 s for each file, whole job overnight", 0.4),
        ("100 Dateien, jede braucht 0,5 s", 0.5),
        ("100 fichiers, 0,5 s chacun", 0.5),
        ("100 archivos, 0,5 s cada uno", 0.5),
        ("the parser takes 0.2 s for a file, 1000 files", 0.2),
    ],
)
def test_times_of_each_call(text: str, seconds: float) -> None:
    """A time for each, for one call, or for an answer is that of a call."""
    found = extract_quantities(text)
    assert (found.seconds_per_call, found.total_seconds) == (seconds, None)


def test_the_time_of_a_part_of_the_job_is_divided_by_its_calls() -> None:
    """Two hundred of three thousand in ten minutes are three seconds each."""
    found = extract_quantities("3,000 products to scrape, 200 items in 10 minutes")
    assert (found.calls, found.seconds_per_call, found.total_seconds) == (3000, 3.0, None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1000000 calls of math.sqrt; the whole loop takes 0.5 s", "500 ms for all 1,000,000 calls: 500 ns each"),
        ("download 500 pages, 2 s each", "500 calls, 2 s each (17 min one after the other)"),
        ("download pages, 2 s each", "2 s each"),
        (
            "download the pages, it takes 5 hours",
            "5 h for the whole job, of 1,000 calls as no number is named: 18 s each",
        ),
        ("download 500 pages, 2 s each, 17 minutes in total", "500 calls, 2 s each, 17 min for the whole job"),
        ("download 500 pages on 8 cores", "500 calls; 8 cores"),
        ("hash 200 files of 4 GB each", "200 calls; 4 GB each"),
        ("call an API, 20 requests per second are allowed", "at most 20 calls a second"),
        ("call an API, 2 requests per minute are allowed", "at most one call in 30 s"),
        ("5,000 rows, the database has 6 connections", "5,000 calls; at most 6 at once"),
        ("80 % of the time is spent waiting for the server", "waiting for 80 % of the time"),
        ("download pages", ""),
    ],
)
def test_figures_are_said_as_they_were_understood(text: str, words: str) -> None:
    """State in one line how the figures were read, and what follows for a single call."""
    assert read(text).figures == words


def test_the_advice_says_how_figures_were_understood() -> None:
    """The figures are a reason, in JSON too; a terminal shows them once, with the job."""
    advice = advised("download 500 pages with requests, 2 s each")
    (reason,) = [reason for reason in advice.reasons if reason.rule == "figures"]
    assert (reason.text, reason.source) == (
        "Figures read from the description: 500 calls, 2 s each (17 min one after the other).",
        FIGURES,
    )
    shown = terminal.as_text(advice, Screen(width=200))
    assert shown.splitlines()[2] == reason.text
    assert shown.count(reason.text) == 1


def test_undecided_advice_says_how_figures_were_understood() -> None:
    """A misread figure may be why nothing was decided; without figures nothing is said."""
    assert [reason.rule for reason in advised("process 700 things, 2 min per thing").reasons] == [
        "undecided",
        "figures",
    ]
    assert [reason.rule for reason in advised("it is slow").reasons] == ["undecided"]
