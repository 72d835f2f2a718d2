"""The named library and operation decide the assumed profile of a description."""

import pytest

from advisor.api import advise_description
from advisor.describe.known_work import by_known_work, known_work
from advisor.describe.lexicon.lookup import entries, find_entries, find_operations
from advisor.describe.reader import read
from advisor.describe.text.quantities import extract_quantities
from advisor.models import Advice, Machine, Recommendation

OPERATIONS = [(entry, operation) for entry in entries() for operation in entry.operations]


def advised(text: str) -> Advice:
    """Advice on a description for a host of eight cores."""
    return advise_description(text, calls=None, machine=Machine(cores=8), cores=None)


def known_facts(advice: Advice) -> list[str]:
    """Return the facts about libraries that the advice gives as reasons."""
    return [reason.text for reason in advice.reasons if reason.rule == "knowledge"]


def test_the_lexicon_knows_operations() -> None:
    """More than 120 operations of more than 80 libraries are known, each with a version and a source."""
    assert len(OPERATIONS) >= 120
    assert len({entry.name for entry, _ in OPERATIONS}) >= 80
    assert all(operation.version and operation.source for _, operation in OPERATIONS)


def test_every_word_of_an_operation_is_found() -> None:
    """Each word finds its operation beside the name of the library, with an ending if it allows one."""
    missed = []
    for entry, operation in OPERATIONS:
        for word in operation.words:
            text = word.replace("*", "e") if word.endswith("*") else word
            found = [other for match in find_entries(entry.words[0]) for other, _ in find_operations(match, text)]
            if operation not in found:
                missed.append((entry.name, word))
    assert missed == []


@pytest.mark.parametrize(
    ("text", "verdict", "part"),
    [
        ("make thumbnails of 5000 photos with Pillow, 0.2 s each", "threading", "gil_free"),
        ("5000 Fotos mit Pillow verkleinern", "threading", "gil_free"),
        ("redimensionner 5000 photos avec Pillow", "threading", "gil_free"),
        ("redimensionar 5000 fotos con Pillow", "threading", "gil_free"),
        ("5000 photos with Pillow, loop over pixels with getpixel", "multiprocessing", "gil_held"),
        ("sha256 of 300 large files of 2 GB each", "threading", "gil_free"),
        ("sha256 of 5 million short strings with hashlib", "multiprocessing", "gil_held"),
        ("pandas apply on 40 csv files, 20 s each", "multiprocessing", "gil_held"),
        ("np.vectorize over 500 arrays", "multiprocessing", "gil_held"),
        ("compress 400 log files with zstandard", "threading", "gil_free"),
        ("parse 10000 html files with lxml", "threading", "gil_free"),
        ("parse 10000 html files with BeautifulSoup", "multiprocessing", "gil_held"),
        ("extract text of 3000 PDFs with PyMuPDF", "multiprocessing", "gil_held"),
        ("hash 1000 passwords with bcrypt", "threading", "gil_free"),
        ("encode 500 videos with ffmpeg", "threading", "child_cpu"),
        ("numba nogil function, 300 arrays", "threading", "gil_free"),
        ("decode 400 flac files with soundfile", "threading", "gil_free"),
        (
            "the files are already downloaded with requests, parsing them with BeautifulSoup",
            "multiprocessing",
            "gil_held",
        ),
    ],
)
def test_the_profile_follows_from_the_operation(text: str, verdict: Recommendation, part: str) -> None:
    """Most of a call is where the named operation works, and facts that are cited agree with that."""
    advice = advised(text)
    assert advice.recommendation == verdict
    assert advice.profile is not None
    assert getattr(advice.profile, part) >= 0.9 * advice.profile.wall
    assert known_facts(advice)


@pytest.mark.parametrize(
    "text",
    [
        "group 50 dataframes with polars",
        "no longer with pandas: group 50 frames with polars",
        "run an onnxruntime model on 10000 images",
        "DuckDB query on 300 parquet files",
        "numpy matmul of 500 large matrices",
        "train 20 LightGBM models",
    ],
)
def test_what_uses_all_cores_itself_gets_no_pool(text: str) -> None:
    """A library that computes on all cores is called in a plain loop, with the fact as a reason."""
    advice = advised(text)
    assert (advice.recommendation, advice.reasons[0].rule) == ("sequential", "already-parallel")
    assert any("all" in fact and "cores" in fact for fact in known_facts(advice))


@pytest.mark.parametrize(
    "text",
    [
        "onnxruntime with intra_op_num_threads=1 on 10000 images",
        "np.linalg.svd with OPENBLAS_NUM_THREADS=1 on 3000 matrices",
        "pyarrow parquet decode with use_threads=False on 900 files",
        "xgboost nthread=1, 700 small models, 16 cores, 3 h",
    ],
)
def test_limited_threads_are_believed(text: str) -> None:
    """Where the text limits the threads of a call, a pool uses the other cores."""
    assert read(text).recommendation in ("threading", "multiprocessing")


def test_what_a_clause_sets_aside_is_not_cited() -> None:
    """A library that is no longer used is no reason, and does not shape the profile."""
    reading = read("no longer with pandas: group 50 frames with polars")
    assert [entry.name for entry in reading.named] == ["polars"]


def test_stated_shares_win() -> None:
    """Shares of time that the text states count more than knowledge of the library."""
    profile = read(
        "resize 5000 photos with Pillow from a share, 70 % of the time is spent waiting for the network"
    ).profile
    assert profile is not None
    assert profile.wait == pytest.approx(0.7 * profile.wall)


@pytest.mark.parametrize(
    "text",
    [
        "async def predict() calls a torch model of 400 ms in our web service, and /health doesn't answer meanwhile",
        "transcribe 40 meetings with faster-whisper on two RTX cards, the second card does nothing",
    ],
)
def test_a_parallel_library_beside_something_else_keeps_the_verdict(text: str) -> None:
    """Where an event loop must go on, or another device computes, the cores are not what is short."""
    quantities = extract_quantities(text)
    verdict, _, _ = by_known_work(known_work(text), "multiprocessing", "machine-learning", quantities, text)
    assert verdict == "multiprocessing"


@pytest.mark.parametrize(
    "text",
    [
        "optimise 5000 photos with Pillow and our own filter in Python, one after the other",
        "expand LaTeX macros in python for each source tree, trees independent",
    ],
)
def test_python_code_beside_a_library_needs_processes(text: str) -> None:
    """A text that tells of Python code is not about the library alone."""
    assert read(text).recommendation == "multiprocessing"


@pytest.mark.parametrize("cores", [2, 8, 64])
def test_no_pool_looks_faster_than_calls_that_use_every_core(cores: int) -> None:
    """Where a library keeps all cores busy, the plain loop is advised for that reason and nothing is much faster."""
    text = f"each call is an OpenBLAS matrix multiply of 2 s, 100 calls, {cores} cores"
    advice = advise_description(text, calls=None, machine=Machine(cores=cores), cores=None)
    assert (advice.recommendation, advice.reasons[0].rule) == ("sequential", "already-parallel")
    assert all(choice.speedup.expected < 1.5 for choice in advice.alternatives)
