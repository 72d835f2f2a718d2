"""The verdict on a program in sentences, and what is said about its runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from advisor.models import Machine, Range
from advisor.models.survey_report import HotLine, Independence
from advisor.survey.alternatives import awaited_in_turn
from advisor.survey.conclusions import as_report
from advisor.survey.facts import Dependence, FirstRun, Loop, LoopTime, StaticDependence
from advisor.survey.program_verdict import ended_otherwise, notes, summary
from advisor.survey.suitability import JudgedLoop, Suitability, unchanged
from advisor.survey.terminal_input import reads_terminal

MACHINE = Machine(cores=2)
LOOP = Loop(("shop.py", 7, 4), 9, "main", "for order in orders:", "for", None, frozenset({8, 9}))
HOT = HotLine(file="serve.py", line=17, source="server.serve_forever()", share=0.97)
GAIN = Suitability("multiprocessing", 2, Range(low=1.5, expected=1.9, high=2), Range(low=1.4, expected=1.8, high=1.9))
SMALL_GAIN = replace(GAIN, program_speedup=Range(low=0.9, expected=1.06, high=1.2))


def run(**changed: object) -> FirstRun:
    fields: dict[str, object] = {
        "seconds": 10.0,
        "cpu_seconds": 10.0,
        "samples": 1_000,
        "exit_status": 0,
        "ending": "finished",
        "loops": (),
    }
    return FirstRun(**{**fields, **changed})  # type: ignore[arg-type]


def judged(independence: Independence, seconds: float, gain: Suitability | None = None) -> JudgedLoop:
    static = StaticDependence((), (), independence)
    return JudgedLoop(LoopTime(LOOP, seconds, 100), static, None, Dependence(independence, ""), gain or unchanged())


@pytest.mark.parametrize(
    ("program", "loops", "hot", "text"),
    [
        (run(seconds=0.1), (), (), "The program ran for 100 ms, too short for a survey."),
        (run(ending="failed", exit_status=1, seconds=0.0), (), (), "The program failed before its first line ran."),
        (run(), (), (), "No loop takes 5 % of the program's time, so none is worth changing."),
        (
            run(computing_share=0.01),
            (),
            (HOT,),
            "The program waits for 97 % of its time at serve.py:17, outside of any loop: there is no loop to change.",
        ),
        (
            run(),
            (),
            (HOT,),
            "The program spends 97 % of its time at serve.py:17, outside of any loop: there is no loop to change.",
        ),
        (
            run(computing_share=0.01, children=2),
            (),
            (HOT,),
            "The program waits for 97 % of its time at serve.py:17 for processes that it started: it is concurrent.",
        ),
        (
            run(computing_share=0.01, threads=5),
            (),
            (HOT,),
            "The program uses threads and waits for 97 % of its time at serve.py:17: no loop is worth changing.",
        ),
        (
            run(),
            (judged("carried", 8.3),),
            (),
            "No loop is worth changing: 83 % of the time is in the loop at shop.py:7, whose iterations depend on "
            "earlier ones; the rest would bring 1.2× at most.",
        ),
        (run(cores_used=1.9), (), (HOT,), "The program is parallel already: no loop is worth changing."),
        (
            run(cores_used=1.9),
            (judged("unknown", 10),),
            (),
            "The program is parallel already: no loop is worth changing.",
        ),
        (
            run(),
            (judged("independent", 9, GAIN),),
            (),
            "The program becomes 1.8× as fast (1.4–1.9×) with 2 processes for the loop at shop.py:7: about 5.6 s "
            "instead of 10 s.",
        ),
        (
            run(),
            (judged("independent", 9, SMALL_GAIN),),
            (),
            "No loop is worth changing: the best would make the program 1.1× as fast (0.9–1.2×).",
        ),
        (
            run(run_seconds=(10.0, 11.0)),
            (judged("unknown", 9, GAIN),),
            (),
            "The program becomes 1.8× as fast (1.4–1.9×) with 2 processes for the loop at shop.py:7: about 5.6 s "
            "instead of 10 s. This holds if its iterations are independent, as they look in the source; the second run "
            "could not confirm it.",
        ),
        (
            run(),
            (judged("unknown", 9, GAIN),),
            (),
            "The program becomes 1.8× as fast (1.4–1.9×) with 2 processes for the loop at shop.py:7: about 5.6 s "
            "instead of 10 s. This holds if its iterations are independent, as they look in the source; a second run "
            "would tell.",
        ),
    ],
)
def test_the_verdict(program: FirstRun, loops: tuple[JudgedLoop, ...], hot: tuple[HotLine, ...], text: str) -> None:
    """It says what to change, or where the time is and why nothing is worth changing."""
    assert summary(program, loops, None, hot, MACHINE) == text


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        (run(), ()),
        (run(threads=3), ("The program uses threads already.",)),
        (run(children=1), ("The program starts other processes, whose loops are not surveyed.",)),
        (run(cores_used=1.9), ("The program keeps 1.9 of 2 cores busy by itself.",)),
        (run(ending="interrupted"), ("The program was interrupted: the figures are of what ran until then.",)),
        (
            run(ending="failed", exit_status=137, is_complete=False),
            ("The program was ended by signal 9: the figures are of what ran until then.",),
        ),
        (
            run(is_complete=False),
            ("The program ended through os._exit, or was replaced by another program.",),
        ),
    ],
)
def test_notes(program: FirstRun, expected: tuple[str, ...]) -> None:
    """They tell how the program ended, and what of it the survey does not see."""
    assert notes(program, (), MACHINE) == expected


def test_a_run_that_ends_otherwise_is_explained() -> None:
    """Both statuses and the last line of the error are named."""
    assert ended_otherwise(run(), 1, "FileExistsError: out").startswith(
        "The second run ended with exit status 1 (FileExistsError: out), the first one with 0, so what it showed"
    )


def test_awaiting_in_turn_is_named_where_the_program_waits(tmp_path: Path) -> None:
    """A loop that awaits one thing after the other is named, unless the program computes."""
    (tmp_path / "fetch.py").write_text(
        "async def main():\n    for url in urls:\n        await fetch(url)\n    for url in urls:\n        print(url)\n"
    )
    waiting = run(computing_share=0.02, files=("fetch.py",))
    assert [text.split()[0] for text in awaited_in_turn(waiting, tmp_path)] == ["fetch.py:2"]
    assert not list(awaited_in_turn(run(files=("fetch.py",)), tmp_path))


@pytest.mark.parametrize(
    ("source", "reads"),
    [
        ("name = input()", True),
        ("import sys\nfor line in sys.stdin: pass", True),
        ("from getpass import getpass", True),
        ("def input_file(): pass\ninput_file()", False),
        ("x = (", False),
    ],
)
def test_programs_that_ask_are_known_by_their_source(source: str, reads: bool, tmp_path: Path) -> None:
    """A call of input, a use of standard input, or a module for questions."""
    (tmp_path / "program.py").write_text(source)
    assert reads_terminal(["program.py"], tmp_path) is reads


@pytest.mark.parametrize(("inner_gain", "first"), [(1.83, 7), (1.95, 8), (1.2, 7)])
def test_an_outer_loop_comes_before_one_within_it_that_brings_as_much(
    inner_gain: float, first: int, tmp_path: Path
) -> None:
    """The largest gain comes first; of gains that are the same by what predictions are worth, the outermost loop's."""
    (tmp_path / "shop.py").write_text("\n" * 9)
    inner = Loop(("shop.py", 8, 8), 9, "main", "for line in order:", "for", LOOP.id, frozenset({9}))
    brings = Suitability("multiprocessing", 2, GAIN.speedup, Range(low=1.1, expected=inner_gain, high=2))
    outer = judged("reduction", 9.0, GAIN)
    within = replace(judged("reduction", 8.9, brings), time=LoopTime(inner, 8.9, 90, callers=(LOOP.id,)))
    found = as_report(
        "shop.py", run(), 2, [within, outer], MACHINE, tmp_path, {"shop.py": (tmp_path / "shop.py").read_text()}
    )
    assert found.candidates[0].loop.line == first
