"""The table of programs for the survey: complete, unambiguous, and a twin that really runs."""

import dataclasses
from pathlib import Path

import pytest

from benchmarks.survey_cases import inputs
from benchmarks.survey_cases.case import Case, line_of, make_inputs, run_case
from benchmarks.survey_cases.cases import CASES

FOLDER = Path(inputs.__file__).parent
BY_NAME = {case.name: case for case in CASES}


def headers(case: Case) -> list[str]:
    return [header for header in (case.loop, *case.also, *case.carried) if header]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_loop_of_the_table_is_one_line_of_its_program(case: Case) -> None:
    """A header that stands in the table occurs exactly once in the program, so that it names one line."""
    lines = [line_of(FOLDER / "programs" / case.file, header) for header in headers(case)]
    assert all(lines)


def test_a_line_is_found_by_its_text(tmp_path: Path) -> None:
    """A loop is found wherever it is indented; a text that is missing or stands there twice is refused."""
    program = tmp_path / "program.py"
    program.write_text("if True:\n    for a in b:\n        x = 1\n        x = 1\n")
    assert line_of(program, "for a in b:") == 2
    for header in ("for a in c:", "x = 1"):
        with pytest.raises(ValueError, match="lines are"):
            line_of(program, header)


def test_the_table_and_the_folders_agree() -> None:
    """Each program is in the table, each has a twin unless it is a decoy, and ten are decoys."""
    programs = {case.file for case in CASES}
    twins = {case.file for case in CASES if not case.decoy}
    for folder, expected in (("programs", programs), ("twins", twins)):
        scripts = {path.name for path in (FOLDER / folder).glob("*.py")}
        packages = {f"{path.parent.name}/__main__.py" for path in (FOLDER / folder).glob("*/__main__.py")}
        assert scripts | packages == expected
    assert sum(case.decoy for case in CASES) == 10


def test_inputs_exist_for_every_case() -> None:
    """Each maker of inputs that the table names is a function of the module."""
    assert all(callable(getattr(inputs, case.inputs)) for case in CASES if case.inputs)


@pytest.mark.benchmark
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "arguments"),
    [("mandelbrot", ("{outputs}/set.pgm", "--width", "40", "--height", "30")), ("sudoku", ())],
)
def test_a_twin_gives_the_output_of_its_program(name: str, arguments: tuple[str, ...], tmp_path: Path) -> None:
    """A program and its parallel twin end alike, with the same standard output and the same files."""
    case = dataclasses.replace(BY_NAME[name], arguments=arguments)
    folder = make_inputs(case, vars(inputs), tmp_path)
    program = run_case(case, FOLDER / "programs", folder)
    twin = run_case(case, FOLDER / "twins", folder)
    assert program.status == 0
    assert program.stdout
    assert program.same_output(twin)
