"""The obstacles that descriptions report: the table, how texts are matched, and what the advice says first."""

import json
from pathlib import Path

import pytest

import advisor
from advisor.cli.main import main
from advisor.describe.obstacles.match import MODEL_FILE, find_obstacles, parse_model
from advisor.describe.obstacles.table import obstacles
from tests.lexicon_schema import obstacle_errors

UNSEEN = Path(__file__).parents[1] / "profiles" / "obstacles_unseen.jsonl"
EMPTY_COUNTER = "Counter stays empty after pool.map although every worker updates it"


def names(text: str) -> list[str]:
    return [obstacle.name for obstacle in find_obstacles(text)]


def test_the_table_is_valid() -> None:
    """Every row fits the schema: a cause, a remedy, a source and at least six wordings that no other row has."""
    assert list(obstacle_errors()) == []
    assert len(obstacles()) >= 60


def test_errors_are_reported(tmp_path: Path) -> None:
    """A row without a source, a row out of order and an example that is used twice are reported."""
    row = {"name": "b", "cause": "It is.", "remedy": "Do.", "source": "https://example.org/", "examples": [*"uvwxyz"]}
    file = tmp_path / "more.jsonl"
    rows = [row, {**row, "name": "c", "source": "hearsay"}, {**row, "name": "a"}]
    file.write_text("\n".join(map(json.dumps, rows)))
    found = list(obstacle_errors(file))
    assert found[0].startswith("more.jsonl:2: source: ")
    assert found[1:3] == [
        "more.jsonl:3: 'a' is not in order",
        "more.jsonl:3: the example 'u' is already used at more.jsonl:1",
    ]


def test_every_row_is_found_by_its_own_examples() -> None:
    """Each example of a row finds that row first; at most one in a hundred is taken for its neighbour."""
    listed = [(row.name, text) for row in obstacles() for text in row.examples]
    missed = [(name, text) for name, text in listed if names(text)[:1] != [name]]
    assert len(missed) <= len(listed) / 100, missed
    assert len({name for name, _ in missed}) == len(missed), missed


@pytest.mark.parametrize(("kind", "share"), [("quoted", 0.8), ("described", 0.3)])
def test_unseen_wordings_find_their_row(kind: str, share: float) -> None:
    """Wordings that the model was not trained on find their row: most that quote an error, a third of the others."""
    rows = [json.loads(line) for line in UNSEEN.read_text("utf-8").splitlines()]
    found = [names(row["text"])[:1] == [row["obstacle"]] for row in rows if row.get("kind", "quoted") == kind]
    assert sum(found) >= share * len(found)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "it hangs",
        "Customer says it hangs, no logs",
        "resize 350 jpegs with Pillow, one core is busy",
        "download 3,000 files from a server, one after the other",
        "my for loop is slow",
        "the PyQt window freezes while the file is hashed",
        "\ud800\x00" * 50,
    ],
)
def test_texts_that_report_nothing_find_nothing(text: str) -> None:
    """A text without a named symptom finds no obstacle: that it hangs, alone, decides nothing."""
    assert names(text) == []


def test_the_symptom_may_be_one_sentence_of_many() -> None:
    """A symptom is found in a long text about something else."""
    around = "We convert the readings of our weather stations every night. "
    assert names(around * 10 + EMPTY_COUNTER + ". " + around * 10) == ["a global changed in a child process"]


def test_a_damaged_model_is_refused() -> None:
    """A model file of the wrong length raises ValueError."""
    with pytest.raises(ValueError, match="damaged"):
        parse_model(MODEL_FILE.read_bytes()[:-1])


def test_the_remedy_comes_first() -> None:
    """The first reason is what the symptom shows, with its source, and the summary begins with the remedy."""
    advice = advisor.advise(f"{EMPTY_COUNTER}. Each call parses 20 MB of logs with our own pure Python code, 10 s.")
    (row,) = [row for row in obstacles() if row.name == "a global changed in a child process"]
    assert advice.recommendation == "multiprocessing"
    assert advice.summary.startswith(f"{row.remedy} Use ")
    assert advice.reasons[0].model_dump() == {
        "rule": "symptom",
        "text": f"{row.cause} {row.remedy}",
        "source": row.source,
    }


def test_an_undecided_text_gets_the_remedy_too() -> None:
    """A symptom without a task is answered with its remedy, besides the questions that would decide the verdict."""
    advice = advisor.advise("asyncio: RuntimeWarning: coroutine 'main' was never awaited")
    assert advice.recommendation == "undecided"
    assert advice.summary.startswith("Write await in front of the call")
    assert [reason.rule for reason in advice.reasons] == ["symptom", "undecided"]
    assert advice.questions


def test_the_terminal_shows_the_remedy_first(capsys: pytest.CaptureFixture[str]) -> None:
    """`advise describe` prints the remedy under the verdict."""
    assert main(["describe", EMPTY_COUNTER]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("Return the value from the worker")
