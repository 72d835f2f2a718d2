"""Curves drawn into PNG and SVG files."""

from __future__ import annotations

import struct
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path

import pytest

from advisor.errors import MissingExtraError, UsageError
from advisor.models import Estimate, Strategy
from advisor.report.plot import save_plot
from tests.sample_advice import DOWNLOAD, UNDECIDED, around


def estimates(strategy: Strategy, *workers: int, feasible: bool = True) -> list[Estimate]:
    return [
        Estimate(
            strategy=strategy,
            workers=count,
            seconds=around(50 / count, 52 / count, 55 / count),
            bottleneck="wait",
            feasible=feasible,
        )
        for count in workers
    ]


CURVES = (
    *estimates("sequential", 1),
    *estimates("threading", 1, 2, 4, 8, 16, 32, 64),
    *estimates("multiprocessing", 1, 2, 4, 8),
    *estimates("multiprocessing", 16, 32, feasible=False),
    *estimates("asyncio", 1, 8, feasible=False),
)


def words_of(svg: Path) -> str:
    root = ElementTree.parse(svg).getroot()
    return "\n".join(text for element in root.iter() if element.tag.endswith("}text") for text in element.itertext())


@pytest.mark.slow
def test_a_plot_names_what_it_shows(tmp_path: Path) -> None:
    """The file names the target, every strategy, the recommended point, the cores, and what is not possible."""
    save_plot(DOWNLOAD, CURVES, tmp_path / "curves.svg")
    words = words_of(tmp_path / "curves.svg")
    for expected in (
        "my_module:fetch: predicted speed-up, 1,000 calls (52 s sequentially)",
        "threading",
        "multiprocessing",
        "asyncio: not possible",
        "sequential",
        "32 threads: 14×",
        "2 cores",
        "speed-up over sequential",
    ):
        assert expected in words.splitlines() or f" {expected}" in words.splitlines()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("workers", "ticks"),
    [
        (range(1, 9), range(1, 9)),  # a linear axis
        ((1, 2, 4, 8, 16, 32, 64), (1, 2, 4, 8, 16, 32, 64)),
        ((2, 16, 50), (1, 2, 4, 8, 16, 32, 50)),
    ],
)
def test_the_axis_fits_the_numbers_of_workers(tmp_path: Path, workers: Sequence[int], ticks: Sequence[int]) -> None:
    """It is linear up to 16 workers, then logarithmic, and its end is labelled."""
    save_plot(DOWNLOAD, [*estimates("sequential", 1), *estimates("threading", *workers)], tmp_path / "curves.svg")
    words = words_of(tmp_path / "curves.svg").splitlines()
    assert [word for word in words if word.isdigit()] == [str(tick) for tick in ticks]


def test_a_plot_as_png_is_a_picture(tmp_path: Path) -> None:
    """It fits a page, and the same advice gives the same file: no date in it."""
    for name in ("one.PNG", "two.png"):
        save_plot(DOWNLOAD, CURVES, tmp_path / name)
    content = (tmp_path / "one.PNG").read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", content[16:24]) == (1200, 750)
    assert content == (tmp_path / "two.png").read_bytes()


def test_a_plot_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    """A plot that fails leaves the old file, and no temporary one."""
    path = tmp_path / "curves.png"
    path.write_bytes(b"old")
    with pytest.raises(UsageError, match="without a time for the plain loop"):
        save_plot(UNDECIDED, (), path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_odd_names_are_drawn_as_they_are(tmp_path: Path) -> None:
    """Dollar signs start no formula, and characters that the font lacks cause no warning."""
    assert DOWNLOAD.profile
    odd = DOWNLOAD.model_copy(update={"profile": DOWNLOAD.profile.model_copy(update={"target": "$x_1$.py:日本"})})
    save_plot(odd, CURVES, tmp_path / "curves.svg")
    assert "$x_1$.py:日本: predicted speed-up" in words_of(tmp_path / "curves.svg")
    save_plot(odd, CURVES, tmp_path / "curves.png")


@pytest.mark.parametrize("recommendation", ["sequential", "undecided"])
def test_a_plot_needs_no_recommended_pool(tmp_path: Path, recommendation: str) -> None:
    """The curves are drawn whatever the recommendation."""
    advice = DOWNLOAD.model_copy(update={"recommendation": recommendation, "workers": 1, "speedup": around(1, 1, 1)})
    save_plot(advice, CURVES, tmp_path / "curves.svg")
    assert ("a plain loop: 1×" in words_of(tmp_path / "curves.svg")) == (recommendation == "sequential")


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where matplotlib is not installed, the error says what to install."""
    monkeypatch.setattr(sys, "path", [])
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(MissingExtraError, match=r"pip install 'workload-advisor\[plot\]'"):
        save_plot(DOWNLOAD, CURVES, tmp_path / "curves.png")
