"""Survey programs in the manner of real scripts, and hold the verdicts and predictions against what is known of them.

    python -m benchmarks.survey [NAME …] [--folder FOLDER] [--rounds 3] [--json FILE]

`benchmarks/survey_cases` has the programs: 22 with a loop whose iterations can run at once, each with a twin
parallelised by hand, and 10 decoys that nothing of the kind makes faster. Their author had not read `advisor/survey`.
For each program, in a folder with copies of all of them:

- `advise survey` runs it twice; its output must be that of the bare program;
- the best loop must be the right one, and no carried loop may be called independent or a reduction;
- the patch of the best loop is applied; the patched program must give the same output, and its speed-up, the median of
  `--rounds` alternating runs, is compared with the predicted one;
- the first and the second run alone are timed beside the bare program.

NAME selects programs. The summary is Markdown. About half an hour on two cores. The exit status is 1 if a carried loop
was called independent, a patch changed the output, or fewer than 90 % of the loops were right.
"""

from __future__ import annotations

import argparse
import json
import runpy
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from advisor.models import Candidate, SurveyReport
from benchmarks.survey_cases.case import Case, Outcome, make_inputs, run_case

CASES = Path(__file__).with_name("survey_cases")
RIGHT = 0.9  # share of the programs whose right loop must come first
WORTH = 1.1  # times faster, from which a loop counts as recommended
SAFE = ("independent", "reduction")


@dataclass(frozen=True)
class Result:
    """The outcome of one program.

    Attributes:
        right: The right loop came first or, of a decoy, none was recommended.
        accused: Carried loops that were called independent or a reduction.
        predicted: Speed-up of the program by the best loop.
        measured: The same of the patched program; None without a patch.
        same: The patched program gave the same output.
        undisturbed: The surveyed program gave the output of the bare one.
        first, second: Times as long as the bare program that the runs took; None if there was none.
    """

    name: str
    decoy: bool
    right: bool
    accused: tuple[str, ...]
    found: str
    predicted: float
    measured: float | None
    same: bool | None
    undisturbed: bool
    bare: float
    first: float | None
    second: float | None


def examine(case: Case, folder: Path, inputs: Path, rounds: int) -> Result:
    """Survey a program, apply its patch, and time everything."""
    programs = folder / "programs"
    bare, surveys, reports = [], [], []
    for _ in range(rounds):
        bare.append(run_case(case, programs, inputs))
        report, surveyed = survey(case, programs, inputs)
        reports.append(report)
        surveys.append(surveyed)
    best = best_of(reports[0])
    gains = best is not None and best.program_speedup >= WORTH
    right = not gains if case.decoy else gains and best is not None and best.loop.source in (case.loop, *case.also)
    seconds = median(each.seconds for each in bare)
    measured, same = (None, None) if best is None or not best.patch else patched(case, folder, inputs, best, rounds)
    second = [each.run_seconds[1] for each in reports if len(each.run_seconds) > 1]
    return Result(
        name=case.name,
        decoy=case.decoy,
        right=right,
        accused=tuple(sorted({loop for each in reports for loop in accused(case, each)})),
        found="" if best is None else f"{best.loop.source} ({best.independence}, {best.recommendation})",
        predicted=1.0 if best is None else best.program_speedup,
        measured=measured,
        same=same,
        undisturbed=all(each.stdout == bare[0].stdout and each.files == bare[0].files for each in surveys),
        bare=seconds,
        first=median(each.run_seconds[0] for each in reports) / seconds,
        second=median(second) / seconds if second else None,
    )


def best_of(report: SurveyReport) -> Candidate | None:
    """Return the loop that is named first."""
    return report.candidates[0] if report.candidates else None


def survey(case: Case, programs: Path, inputs: Path) -> tuple[SurveyReport, Outcome]:
    """Return the report on a program, and what the surveyed program left behind."""
    with tempfile.TemporaryDirectory() as temporary:
        document = Path(temporary) / "survey.json"
        outcome = run_case(case, programs, inputs, before=("-m", "advisor", "survey", "--json", str(document)))
        if not document.exists():
            raise RuntimeError(f"{case.name}: {outcome.stderr.decode()[-2000:]}")
        return SurveyReport.model_validate_json(document.read_text("utf-8")), outcome


def accused(case: Case, report: SurveyReport) -> tuple[str, ...]:
    """Return the carried loops that were called independent or a reduction."""
    carried = {*case.carried, *([case.loop] if case.independence == ("carried",) and case.loop else [])}
    return tuple(
        each.loop.source for each in report.candidates if each.loop.source in carried and each.independence in SAFE
    )


def patched(case: Case, folder: Path, inputs: Path, best: Candidate, rounds: int) -> tuple[float, bool]:
    """Return the measured speed-up of the patched program, and True if its output is the same."""
    programs, changed = folder / "programs", folder / "patched"
    shutil.rmtree(changed, ignore_errors=True)
    shutil.copytree(programs, changed)
    subprocess.run(["patch", "-p0", "--quiet"], input=best.patch.encode(), cwd=changed, check=True)
    pairs = [(run_case(case, programs, inputs), run_case(case, changed, inputs)) for _ in range(rounds)]
    same = all(before.same_output(after) for before, after in pairs)
    return median(before.seconds for before, _ in pairs) / median(after.seconds for _, after in pairs), same


def summary(results: Sequence[Result]) -> str:
    """Return a table of the programs, and what all of them show."""
    rows = ["| program | bare | first loop | predicted | patched | run 1 | run 2 |", "|---|---|---|---|---|---|---|"]
    for each in results:
        signs = ("" if each.right else " **wrong**") + (f" **carried: {each.accused}**" if each.accused else "")
        signs += "" if each.undisturbed else " **disturbed**"
        name = f"{each.name} (decoy)" if each.decoy else each.name
        measured = _number(each.measured) + ("" if each.same is not False else " **other output**")
        rows.append(
            f"| {name} | {each.bare:.2f} s | `{each.found}`{signs} | {each.predicted:.2f} | {measured} "
            f"| {_number(each.first)} | {_number(each.second)} |"
        )
    right = sum(each.right for each in results)
    errors = [abs(each.predicted / each.measured - 1) for each in results if each.measured]
    second = [each.second for each in results if each.second is not None]
    rows += [
        "",
        f"- right loop first, or none for a decoy: {right} of {len(results)}",
        f"- carried loops called independent: {sum(len(each.accused) for each in results)}",
        f"- patches that change the output: {sum(each.same is False for each in results)} of "
        f"{sum(each.same is not None for each in results)}",
        f"- programs disturbed by the survey: {sum(not each.undisturbed for each in results)}",
        f"- error of the predicted speed-up: {_percent(errors)}",
        f"- first run: {_range([each.first for each in results])} times the bare program",
        f"- second run: {_range(second)} times the bare program",
    ]
    return "\n".join(rows)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _percent(errors: Sequence[float]) -> str:
    return f"{median(errors):.0%} at the median, {max(errors):.0%} at most" if errors else "none"


def _range(values: Sequence[float]) -> str:
    return f"{median(values):.2f} at the median, {max(values):.2f} at most" if values else "none"


def main() -> int:
    """Examine the programs, print the summary, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--folder", type=Path, default=CASES)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    table = runpy.run_path(str(options.folder / "cases.py"))["CASES"]
    makers = runpy.run_path(str(options.folder / "inputs.py"))
    results: list[Result] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        shutil.copytree(options.folder / "programs", folder / "programs")
        for case in table:
            if options.names and case.name not in options.names:
                continue
            results.append(examine(case, folder, make_inputs(case, makers, folder / "inputs"), options.rounds))
            print(
                f"{case.name}: {results[-1].predicted:.2f} predicted, {_number(results[-1].measured)} measured",
                flush=True,
            )
            if options.json:
                options.json.write_text(json.dumps([asdict(each) for each in results], indent=1))
    print(f"\n{summary(results)}")
    is_good = sum(each.right for each in results) >= RIGHT * len(results)
    is_safe = not any(each.accused or each.same is False for each in results)
    return 0 if is_good and is_safe else 1


if __name__ == "__main__":
    sys.exit(main())
