"""What is imported decides how long a command line takes to answer."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {
    "IPython",
    "alembic",
    "asyncio",
    "concurrent.futures",
    "ctypes",
    "dask",
    "distributed",
    "flask",
    "importlib.metadata",
    "jinja2",
    "logging",
    "matplotlib",
    "multiprocessing",
    "numpy",
    "pandas",
    "PIL",
    "psutil",
    "pygments",
    "ray",
    "rich",
    "sklearn",
    "socket",
    "sqlalchemy",
    "sqlite3",
    "statistics",
    "subprocess",
    "unittest",
    "werkzeug",
}
TOO_DEAR_FOR_HELP = HEAVY | {"pydantic", "advisor.models"}
# Pydantic itself loads the first two, and asking for this host's limits takes the others.
TOO_DEAR_FOR_A_DESCRIPTION = HEAVY - {"importlib.metadata", "socket", "subprocess", "statistics"}


def imported(code: str) -> set[str]:
    """The modules that a fresh interpreter has loaded once it has run the code."""
    script = f"{code}\nimport json, sys\nprint(); print(json.dumps(sorted(sys.modules)))"
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return set(json.loads(finished.stdout.splitlines()[-1]))


def test_an_empty_script_loads_none_of_the_heavy_modules() -> None:
    """The yardstick holds: a bare interpreter has none of what the other tests look for, but finds it when imported."""
    assert not imported("") & TOO_DEAR_FOR_HELP
    assert "multiprocessing" in imported("import multiprocessing.pool")


def test_importing_the_package_loads_none_of_its_machinery() -> None:
    """`import advisor` loads the package alone; its names are found when they are asked for."""
    loaded = imported("import advisor")
    assert not loaded & TOO_DEAR_FOR_HELP
    assert {name for name in loaded if name.startswith("advisor")} == {"advisor"}


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["describe", "--help"], ["races", "--help"], ["nonsense"], []]
)
def test_help_and_mistakes_load_no_heavy_module(arguments: list[str]) -> None:
    """`advise --help` and a wrong command line are answered without pydantic, rich or any part that measures."""
    assert not imported(f"from advisor.cli.main import main; main({arguments!r})") & TOO_DEAR_FOR_HELP


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_a_description_is_answered_without_heavy_modules(option: list[str]) -> None:
    """`advise describe` loads neither rich nor NumPy, scikit-learn, asyncio, multiprocessing or psutil."""
    code = f"from advisor.cli.main import main; assert main(['describe', 'download 100 files', *{option!r}]) == 0"
    assert not imported(code) & TOO_DEAR_FOR_A_DESCRIPTION


def test_measured_advice_loads_no_understanding_of_text() -> None:
    """Advising on a Profile reads no description: neither the reader, nor the text parser, nor the classifier."""
    profile = "advisor.Profile(target='shop.images:resize', calls=9, wall=0.1, gil_held=0.1)"
    loaded = imported(f"import advisor; advisor.advise({profile}, machine=advisor.Machine(cores=4)).summary")
    assert "advisor.decide.strategy_choice" in loaded
    reading = ("advisor.describe.classifier", "advisor.describe.reader", "advisor.describe.text")
    assert not [name for name in loaded if name.startswith(reading)]


def test_rendering_text_loads_no_rich() -> None:
    """The text renderers need no rich, which only the progress bar and highlighted code do."""
    assert "rich" not in imported("import advisor.report.terminal, advisor.report.matrix, advisor.report.races")


def test_plotting_loads_matplotlib_only_when_it_draws() -> None:
    """The plot module can be asked whether it could draw without loading matplotlib."""
    assert "matplotlib" not in imported("from advisor.report.plot import check_plot; check_plot('curves.png')")
