"""Records built by hand, and what people see of them."""

from __future__ import annotations

import io
import re
import stat
import struct
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from advisor.decide.reference import as_json
from advisor.errors import MissingExtraError, UsageError
from advisor.models import (
    Advice,
    Alternative,
    Estimate,
    Job,
    Machine,
    Pitfall,
    Profile,
    Range,
    Reason,
    Strategy,
    Verification,
)
from advisor.report import matrix, terminal
from advisor.report.layout import Screen, columns
from advisor.report.plot import check_plot, save_plot
from advisor.report.ranges import duration_range, percentages, times_range

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def around(low: float, expected: float, high: float) -> Range:
    return Range(low=low, expected=expected, high=high)


def considered(strategy: Strategy, workers: int, seconds: Range, speedup: Range, why: str) -> Alternative:
    return Alternative(strategy=strategy, workers=workers, feasible=True, seconds=seconds, speedup=speedup, why=why)


LOOP = considered("sequential", 1, around(50, 52, 54), around(1, 1, 1), "one call after the other")
THREADS = considered("threading", 32, around(3.2, 3.7, 4.4), around(12, 14, 16), "limited by the GIL: 2.1 ms of a call")
PROCESSES = considered(
    "multiprocessing",
    24,
    around(3.3, 4.1, 5),
    around(10, 12.5, 15.5),
    "as many waits overlap, but every worker starts an interpreter of its own and takes 85 MB of memory for itself",
)
EVENT_LOOP = Alternative(
    strategy="asyncio", workers=1, feasible=False, seconds=None, speedup=None, why="not a coroutine function"
)

DOWNLOAD = Advice(
    recommendation="threading",
    workers=32,
    confidence=0.96,
    evidence="measured",
    speedup=THREADS.speedup,
    seconds=THREADS.seconds,
    summary="Run the 1,000 calls in a thread pool with 32 workers: about 3.7 s instead of 52 s.",
    reasons=(
        Reason(
            rule="waits",
            text="A call waits for 93 % of its time, and a thread that waits holds no GIL: others run meanwhile.",
            source="notebook",
        ),
    ),
    warnings=(Pitfall(code="hidden-limit", text="If the server limits its rate, more workers do not help."),),
    alternatives=(THREADS, PROCESSES, LOOP, EVENT_LOOP),
    profile=Profile(
        target="my_module:fetch",
        calls=57,
        wall=0.052,
        gil_held=0.0021,
        gil_free=0.0011,
        child_cpu=0.0,
        wait=0.0488,
        run_queue=0.0003,
        gil_source="observed",
        standard_error={"gil_held": 0.0005},
    ),
    machine=Machine(cores=2, source="measured"),
    job=Job(calls=1000),
    snippet="line\n" * 20,
)

IMAGES = Advice(
    recommendation="multiprocessing",
    workers=2,
    confidence=0.72,
    evidence="described",
    speedup=around(1.3, 1.8, 2),
    seconds=around(4, 5.5, 9),
    summary="Use a process pool with one worker for each core.",
    reasons=(Reason(rule="matrix", text="Processing 100 images: CPU bound.", source="notebook"),),
    warnings=(),
    alternatives=(),
    profile=Profile(calls=1, wall=0.1, gil_held=0.08, gil_free=0.02, child_cpu=0, wait=0, archetype="image"),
    machine=Machine(cores=2),
    job=Job(calls=100),
    snippet='if __name__ == "__main__":\n    print("×")\n',
)

UNDECIDED = Advice(
    recommendation="undecided",
    workers=1,
    confidence=0.0,
    evidence="described",
    speedup=None,
    seconds=None,
    summary="Not enough to go on.",
    reasons=(),
    warnings=(),
    alternatives=(),
    profile=None,
    machine=Machine(cores=1),
    job=Job(calls=1),
    snippet="",
    questions=("Does one core stay busy, or does the program wait?",),
)

DOWNLOAD_TEXT = """\
Threading with 32 workers: 14× as fast (12–16×)
my_module:fetch · 1,000 calls in 3.7 s (3.2–4.4 s) · one after the other 52 s
Run the 1,000 calls in a thread pool with 32 workers: about 3.7 s instead of
52 s.

Where a call's time goes (52 ms)
███▓▓░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░
█ holding the GIL 4 % 2.1 ms   ▓ native, GIL released 2 % 1.1 ms
░ waiting 93 % 49 ms   · ready, no core free 1 % 300 µs

  Strategy         Workers   Time  Speed-up      Why
▸ threading             32  3.7 s  14× (12–16)   limited by the GIL: 2.1 ms of a
                                                 call
  multiprocessing       24  4.1 s  12× (10–16)   as many waits overlap, but
                                                 every worker starts an …
  sequential             1   52 s  1×            one call after the other
  asyncio                –      –  not possible  not a coroutine function

Why
• A call waits for 93 % of its time, and a thread that waits holds no GIL:
  others run meanwhile.

Watch for
• If the server limits its rate, more workers do not help.

How sure  very, 96 %: measured (57 calls); the GIL observed from outside (±1 %);
          planned for 2 cores

Do it     the same command with --code prints code that runs as it stands
"""

IMAGES_TEXT_IN_ASCII = """\
Multiprocessing with 2 workers: 1.8x as fast (1.3-2x)
100 calls in 5.5 s (4-9 s)
Use a process pool with one worker for each core.

Where a call's time goes (assumed, as for image: 100 ms)
################################################============
# holding the GIL 80 % 80 ms
= native, GIL released 20 % 20 ms

Why
* Processing 100 images: CPU bound.

How sure  fairly, 72 %: from the description alone, nothing
          was measured; planned for 2 cores, typical costs
          of its pools assumed

Do it
  if __name__ == "__main__":
      print("x")
"""

UNDECIDED_TEXT = """\
Undecided: too little to go on
Not enough to go on.

What would decide it
• Does one core stay busy, or does the program wait?

How sure  hardly, 0 %: from the description alone, nothing was measured; planned
          for 1 core, typical costs of its pools assumed
"""


def test_a_measured_advice_fits_one_screen() -> None:
    """A measured advice is one screen of 80 columns: verdict, time bar, alternatives, reasons, warnings, certainty."""
    assert terminal.as_text(DOWNLOAD, Screen()) == DOWNLOAD_TEXT


def test_a_described_advice_in_plain_signs_at_60_columns() -> None:
    """Without Unicode and in a narrow window the same is said in plain signs, and a description's code stands below."""
    assert terminal.as_text(IMAGES, Screen(width=60, encoding="ascii")) == IMAGES_TEXT_IN_ASCII


def test_an_undecided_case_asks() -> None:
    """A description that says too little gets the questions that would decide it, and neither table nor bar."""
    assert terminal.as_text(UNDECIDED, Screen()) == UNDECIDED_TEXT


@pytest.mark.parametrize("width", [60, 80, 110])
@pytest.mark.parametrize("advice", [DOWNLOAD, IMAGES, UNDECIDED])
def test_no_line_is_wider_than_the_screen(advice: Advice, width: int) -> None:
    """Whatever the width from 60 columns on, every line fits."""
    assert all(columns(line) <= width for line in terminal.as_text(advice, Screen(width=width)).splitlines())


def test_a_narrow_table_puts_the_explanations_below() -> None:
    """Where the last column has no room beside the others, its text stands below the row."""
    text = terminal.as_text(DOWNLOAD, Screen(width=60))
    assert "  asyncio                –      –  not possible\n    not a coroutine function\n" in text


def test_colours_change_no_letter() -> None:
    """With colours the text is the same once the escape sequences are taken out; without, there are none."""
    plain = terminal.as_text(DOWNLOAD, Screen())
    coloured = terminal.as_text(DOWNLOAD, Screen(colours=True))
    assert "\x1b" not in plain
    assert coloured != plain
    assert ESCAPES.sub("", coloured) == plain


def test_code_is_highlighted_on_a_terminal_with_colours() -> None:
    """A short snippet is shown in colours, and is the same code without them."""
    coloured = terminal.as_text(IMAGES, Screen(colours=True))
    code = coloured[coloured.index("Do it") :]
    assert ESCAPES.search(code.split("\n", 1)[1])
    assert ESCAPES.sub("", coloured) == terminal.as_text(IMAGES, Screen())


def test_an_escape_sequence_in_a_message_does_not_reach_the_terminal() -> None:
    """Control characters in what the target said are blanks on the screen, in text and in code."""
    hostile = DOWNLOAD.model_copy(
        update={
            "summary": "red\x1b[31m alert\x07\r\nsecond line",
            "snippet": "print('\x1b]0;title\x07')\n",
            "alternatives": (EVENT_LOOP.model_copy(update={"why": "raised \x1b[2J"}),),
        }
    )
    text = terminal.as_text(hostile, Screen())
    assert not set(text) & {"\x1b", "\x07", "\r"}
    assert "red [31m alert second line\n" in text


def test_a_console_of_rich_gets_the_same_text() -> None:
    """`render` writes to a rich console what `as_text` returns, plain where the console is no terminal."""
    stream = io.StringIO()
    terminal.render(DOWNLOAD, Console(file=stream, width=80))
    assert stream.getvalue() == DOWNLOAD_TEXT


@pytest.mark.parametrize(
    ("environment", "colours"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)
def test_the_environment_decides_on_colours_in_a_pipe(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], colours: bool
) -> None:
    """A pipe gets no colours unless FORCE_COLOR asks for them, and NO_COLOR always wins."""
    for name in ("FORCE_COLOR", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert Screen.of(io.StringIO()) == Screen(80, colours, "utf-8")


def test_a_very_wide_screen_is_not_filled() -> None:
    """Text stops at 110 columns, since longer lines are hard to read."""
    stream = io.StringIO()
    terminal.render(DOWNLOAD, Console(file=stream, width=200))
    assert max(map(columns, stream.getvalue().splitlines())) == 110


def bar_of(profile: Profile, width: int) -> str:
    text = terminal.as_text(DOWNLOAD.model_copy(update={"profile": profile}), Screen(width=width))
    lines = text.splitlines()
    return lines[next(place for place, line in enumerate(lines) if line.startswith("Where a call's time")) + 1]


def test_what_was_not_measured_is_shown_as_such() -> None:
    """A share that is not known is a part of the bar with its own sign, not silently another's."""
    bar = bar_of(Profile(calls=1, wall=1.0, gil_held=None, gil_free=None, child_cpu=0.0, wait=0.25), 80)
    assert bar == "░" * 20 + "?" * 60


def test_several_cores_at_once_are_said() -> None:
    """A call that keeps more than one core busy by itself has more CPU than wall seconds, and the title says so."""
    profile = Profile(calls=3, wall=1.0, gil_held=0.1, gil_free=3.5, child_cpu=0.0, wait=0.0, native_threads=3.6)
    text = terminal.as_text(DOWNLOAD.model_copy(update={"profile": profile}), Screen())
    assert "Where a call's time goes (1 s, about 3.6 cores busy at once)\n" in text
    assert "holding the GIL 3 % 100 ms   ▓ native, GIL released 97 % 3.5 s\n" in text


@given(
    shares=st.lists(st.floats(0, 1e3), min_size=4, max_size=4).filter(lambda shares: sum(shares) > 1e-3),
    width=st.integers(60, 110),
)
def test_the_bar_fills_the_width_exactly(shares: list[float], width: int) -> None:
    """Whatever the proportions, the bar is as wide as the screen."""
    held, free, child, wait = shares
    profile = Profile(calls=1, wall=sum(shares), gil_held=held, gil_free=free, child_cpu=child, wait=wait)
    assert len(bar_of(profile, width)) == width


@given(
    parts=st.lists(st.floats(0, 1e6), min_size=1, max_size=8).filter(lambda parts: sum(parts) > 0),
    whole=st.integers(1, 300),
)
def test_percentages_add_up(parts: list[float], whole: int) -> None:
    """Shares sum to the whole, and each is at most one away from its exact value."""
    shares = percentages(parts, whole)
    assert sum(shares) == whole
    assert all(abs(share - part / sum(parts) * whole) < 1 + 1e-6 for share, part in zip(shares, parts, strict=True))


def test_a_failed_verification_says_why() -> None:
    """The table of what was really run shows predicted against measured, and the failure where there was one."""
    runs = (
        Verification(strategy="threading", workers=32, calls=200, predicted=0.8, measured=0.82),
        Verification(strategy="multiprocessing", workers=2, calls=200, predicted=1.0, measured=1.5),
        Verification(strategy="sequential", workers=1, calls=40, predicted=1.0, measured=3.0),
        Verification(strategy="asyncio", workers=8, calls=0, predicted=1.0, measured=0.0, failure="it raised OSError"),
    )
    text = terminal.as_text(DOWNLOAD.model_copy(update={"verification": runs}), Screen(width=100))
    assert (
        """
  Really run       Workers  Calls  Predicted  Measured  Result
  threading             32    200     800 ms  820 ms    as predicted
  multiprocessing        2    200        1 s  1.5 s     50 % longer than predicted
  sequential             1     40        1 s  3 s       3× as long as predicted
  asyncio                8      0        1 s  –         failed: it raised OSError
"""
        in text
    )


def test_long_lists_are_cut_and_say_so() -> None:
    """Of many warnings the first four stand on the screen, and the number of the others."""
    warnings = tuple(Pitfall(code=str(number), text=f"pitfall {number}") for number in range(6))
    text = terminal.as_text(DOWNLOAD.model_copy(update={"warnings": warnings}), Screen())
    assert "Watch for\n• pitfall 0\n• pitfall 1\n• pitfall 2\n• pitfall 3\n  and 2 more, with --json\n" in text


def test_ranges_say_a_common_unit_once() -> None:
    """Both ends of a range share their unit where they can, and equal ends are one figure."""
    assert duration_range(around(3.2, 3.7, 4.4)) == "3.2–4.4 s"
    assert duration_range(around(0.0009, 0.001, 0.0011)) == "900 µs–1.1 ms"
    assert times_range(around(12, 14, 16)) == "12–16×"
    assert times_range(around(14.1, 14.2, 14.3)) == "14×"


def test_a_figure_stays_with_its_unit() -> None:
    """A line is not broken between a number and its unit."""
    text = terminal.as_text(IMAGES.model_copy(update={"summary": f"{'x' * 50} about 52 ms"}), Screen(width=60))
    assert f"\n{'x' * 50} about\n52 ms\n" in text


def test_wide_signs_count_as_two_columns() -> None:
    """East Asian signs take two columns of a terminal and combining accents none."""
    assert columns("abc") == 3
    assert columns("日本") == 4
    assert columns("e\u0301") == 1


def test_the_matrix_shows_every_row() -> None:
    """Every task, rule and pitfall that is kept as data stands in the text, with its source."""
    tables = as_json()
    text = " ".join(matrix.as_text(tables, Screen(width=110)).split())
    rows = [row for rows in tables.values() for row in rows]
    assert len(rows) > 40
    for row in rows:
        assert str(row.get("task") or row.get("rule") or row.get("code") or row.get("name")) in text
        assert str(row["source"]) in text


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


def test_a_plot_names_what_it_shows(tmp_path: Path) -> None:
    """The curves' file says what was measured, every strategy, the recommended point, the cores, and what can't be."""
    save_plot(DOWNLOAD, CURVES, tmp_path / "curves.svg")
    words = words_of(tmp_path / "curves.svg")
    for expected in (
        "my_module:fetch: predicted speed-up, 1,000 calls (52 s one after the other)",
        "threading",
        "multiprocessing",
        "asyncio: not possible",
        "one after the other",
        "32 threads: 14×",
        "2 cores",
        "times as fast as one after the other",
    ):
        assert expected in words.splitlines() or f" {expected}" in words.splitlines()
    ticks = [word for word in words.splitlines() if word.isdigit()]
    assert ticks == ["1", "2", "4", "8", "16", "32", "64"]


def test_few_workers_stand_on_an_even_axis(tmp_path: Path) -> None:
    """Up to 16 workers, each has its own tick."""
    save_plot(DOWNLOAD, [*estimates("sequential", 1), *estimates("threading", *range(1, 9))], tmp_path / "curves.svg")
    assert [word for word in words_of(tmp_path / "curves.svg").splitlines() if word.isdigit()] == list("12345678")


def test_the_most_workers_have_a_tick(tmp_path: Path) -> None:
    """The end of a logarithmic axis is labelled too, where it stands apart from the last power of two."""
    save_plot(DOWNLOAD, [*estimates("sequential", 1), *estimates("threading", 2, 16, 50)], tmp_path / "curves.svg")
    ticks = [word for word in words_of(tmp_path / "curves.svg").splitlines() if word.isdigit()]
    assert ticks == ["1", "2", "4", "8", "16", "32", "50"]


def test_a_plot_as_png_is_a_picture(tmp_path: Path) -> None:
    """A name that ends in .png gets a PNG of a size that fits a page, with the permissions of any new file."""
    path = tmp_path / "curves.PNG"
    save_plot(DOWNLOAD, CURVES, path)
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", content[16:24]) == (1200, 750)
    other = tmp_path / "other"
    other.touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(other.stat().st_mode)


def test_the_same_advice_gives_the_same_picture(tmp_path: Path) -> None:
    """No date in the file: a picture in version control changes only when the advice does."""
    save_plot(DOWNLOAD, CURVES, tmp_path / "one.png")
    save_plot(DOWNLOAD, CURVES, tmp_path / "two.png")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_a_plot_replaces_the_file_in_one_step(tmp_path: Path) -> None:
    """The old picture gives way to the new one, and nothing else is left in the folder."""
    path = tmp_path / "curves.png"
    path.write_bytes(b"old")
    save_plot(DOWNLOAD, CURVES, path)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert list(tmp_path.iterdir()) == [path]


def test_a_plot_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    """A drawing that can't be made leaves the file as it was, and no other behind."""
    path = tmp_path / "curves.png"
    path.write_bytes(b"old")
    with pytest.raises(UsageError, match="without a time for the plain loop"):
        save_plot(UNDECIDED, (), path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_odd_names_are_drawn_as_they_are(tmp_path: Path) -> None:
    """A target with dollar signs or letters that the font lacks is no formula and no warning."""
    assert DOWNLOAD.profile
    odd = DOWNLOAD.model_copy(update={"profile": DOWNLOAD.profile.model_copy(update={"target": "$x_1$.py:日本"})})
    save_plot(odd, CURVES, tmp_path / "curves.svg")
    assert "$x_1$.py:日本: predicted speed-up" in words_of(tmp_path / "curves.svg")
    save_plot(odd, CURVES, tmp_path / "curves.png")


@pytest.mark.parametrize("recommendation", ["sequential", "undecided"])
def test_a_plot_needs_no_recommended_pool(tmp_path: Path, recommendation: str) -> None:
    """Where the plain loop wins, or nothing does, the curves are drawn all the same."""
    advice = DOWNLOAD.model_copy(update={"recommendation": recommendation, "workers": 1, "speedup": around(1, 1, 1)})
    save_plot(advice, CURVES, tmp_path / "curves.svg")
    assert ("a plain loop: 1×" in words_of(tmp_path / "curves.svg")) == (recommendation == "sequential")


@pytest.mark.parametrize("name", ["curves.pdf", "curves", ".png"])
def test_another_format_is_refused(tmp_path: Path, name: str) -> None:
    """A name that ends in neither .png nor .svg is refused in a line that names the two."""
    with pytest.raises(UsageError, match=r"must end in \.png or \.svg"):
        check_plot(tmp_path / name)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A plot into a folder that does not exist is refused before anything is drawn."""
    with pytest.raises(UsageError, match="there is no folder"):
        check_plot(tmp_path / "nowhere" / "curves.png")


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where matplotlib is not installed, the error says what to install."""
    monkeypatch.setattr(sys, "path", [])
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(MissingExtraError, match=r"pip install 'workload-advisor\[plot\]'"):
        save_plot(DOWNLOAD, CURVES, tmp_path / "curves.png")
