"""docs/tour.ipynb runs, what it teaches holds, and its stored outputs are fit to be read."""

from __future__ import annotations

import json
import re
import runpy
import shutil
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
nbformat = pytest.importorskip("nbformat")
for package in ("ipykernel", "loky", "nbclient"):
    pytest.importorskip(package)
TOUR = runpy.run_path(str(ROOT / "docs/tour.py"))
execute, read = TOUR["execute"], TOUR["read"]

MATRIX = {
    "Downloading 100 files": "threading",
    "Processing 100 images": "multiprocessing",
    "Web server handling requests": "threading",
    "Scientific simulations": "multiprocessing",
    "Database queries": "threading",
    "Video encoding": "multiprocessing",
    "Real-time chat app": "threading",
    "Data analysis (pandas)": "multiprocessing",
}
FACTS = """
import json

verdicts = {"fetch": fetch_advice, "locked": locked_advice, "primes": primes_advice}
for group in (race_advice, gil_advice, data_advice, pitfalls):
    verdicts |= group
print(json.dumps({
    "verdicts": {name: advice.recommendation for name, advice in verdicts.items()},
    "matrix": {task: advice.recommendation for task, advice in matrix.items()},
    "described": [advice.recommendation for advice in described.values()],
    "rules": [reason.rule for reason in locked_advice.reasons],
    "races": {name: report.verdict for name, report in race_reports.items()},
    "mended": race_reports["increment_unsafely"].mended.verdict,
    "racing": {option.strategy: option.feasible for option in race_advice["increment_unsafely"].alternatives},
    "cores": fetch_advice.machine.cores,
    "free_threaded": fetch_advice.machine.python.free_threaded,
    "counted": counted_unsafely,
    "patched": "pool.map(" in Path("clean_orders.py").read_text(),
    "same": before == after and len(before[1]) == 24,
}))
"""


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.skipif(not shutil.which("patch"), reason="needs patch")
def test_the_tour_runs_and_its_claims_hold() -> None:
    """Every cell succeeds with outputs of the stored kinds, and the verdicts are those that the text explains."""
    tour = read()
    stored = [_kinds(cell) for cell in tour.cells]
    tour.cells.append(nbformat.v4.new_code_cell(FACTS))
    execute(tour)
    facts = json.loads(tour.cells.pop().outputs[0].text)

    assert [_kinds(cell) for cell in tour.cells] == stored
    assert facts["matrix"] == MATRIX
    assert facts["described"] == ["multiprocessing", "undecided"]
    assert facts["counted"] < 300
    assert facts["same"]
    assert "in-turn" in facts["rules"]
    assert {name for name, feasible in facts["racing"].items() if feasible} == {"sequential"}
    assert facts["races"] == {"increment_unsafely": "race", "increment_in_turn": "none"}
    assert facts["mended"] == "none"
    verdicts = facts["verdicts"]
    for name in ("fetch", "increment_in_turn", "collect"):
        assert verdicts[name] == "threading", name
    for name in ("locked", "increment_unsafely", "increment_safely", "total", "square", "take_number"):
        assert verdicts[name] == "sequential", name
    if facts["cores"] > 1:
        assert facts["patched"]
        assert verdicts["compress"] == "threading"
        shared_out = {"threading"} if facts["free_threaded"] else {"multiprocessing", "interpreters"}
        for name in ("primes", "count_primes", "total_of_day"):
            assert verdicts[name] in shared_out, name


def test_the_stored_outputs_are_of_one_run_and_tell_nothing_of_the_host() -> None:
    """The cells were executed in order, without an error or a warning, and the outputs contain no path."""
    cells = [cell for cell in read().cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert {output.output_type for output in outputs} <= {"stream", "execute_result", "display_data"}
    assert {output.name for output in outputs if output.output_type == "stream"} == {"stdout"}
    text = json.dumps(outputs, ensure_ascii=False)
    assert not re.findall(r"/(?:tmp|home|root|usr|opt|work|Users)/|Traceback|Warning|busy", text)
    assert len(text) < 100_000


def test_the_links_of_the_tour_exist() -> None:
    """Every file that the tour links to exists."""
    text = "\n".join(cell.source for cell in read().cells if cell.cell_type == "markdown")
    for path in re.findall(r"\]\(([^):#]+)\)", text):
        assert (ROOT / "docs" / path).exists(), path


def _kinds(cell: Any) -> tuple[str, list[tuple[str, ...]]]:
    """Return the id of a cell and the kinds of its outputs."""
    outputs = cell.get("outputs", [])
    return cell.id, [
        (output.output_type, output.get("name", ""), *sorted(output.get("data", ()))) for output in outputs
    ]
