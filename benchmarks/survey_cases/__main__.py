"""Run every program and its twin, compare their output, and print the seconds and the speed-up of the twin.

    python -m benchmarks.survey_cases [FOLDER] [--only NAME…] [--rounds N]

FOLDER holds a table of the same form: cases.py, inputs.py, programs/ and twins/.
"""

import argparse
import runpy
import sys
import tempfile
from pathlib import Path

from benchmarks.survey_cases.case import Case, Outcome, line_of, make_inputs, run_case


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Compare the programs with their parallel twins.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent)
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME")
    parser.add_argument("--rounds", type=int, default=1)
    return parser.parse_args()


def fastest(case: Case, programs: Path, inputs: Path, rounds: int) -> Outcome:
    """Return the fastest of some runs; raise ValueError if one fails or differs from the others."""
    runs = [run_case(case, programs, inputs) for _ in range(rounds)]
    for run in runs:
        if run.status or not run.same_output(runs[0]):
            raise ValueError(f"{case.name} in {programs.name}: status {run.status}\n{run.stderr.decode()[-1500:]}")
    return min(runs, key=lambda run: run.seconds)


def compare(case: Case, folder: Path, inputs: Path, rounds: int) -> str:
    """Return one line about a case."""
    programs = folder / "programs"
    for header in filter(None, (case.loop, *case.also, *case.carried)):
        line_of(programs / case.file, header)
    program = fastest(case, programs, inputs, rounds)
    words = [f"{case.name:20}", f"{program.seconds:5.2f} s", "/".join(case.independence)]
    if not case.decoy:
        twin = fastest(case, folder / "twins", inputs, rounds)
        same = "same output" if twin.same_output(program) else "OTHER OUTPUT"
        words += [f"twin {twin.seconds:5.2f} s", f"{program.seconds / twin.seconds:5.2f}x", same]
    return "  ".join([*words, case.loop or "-"])


def main() -> int:
    """Compare the chosen cases; return 1 if one fails or a twin gives another output."""
    options = arguments()
    table = runpy.run_path(str(options.folder / "cases.py"))["CASES"]
    makers = runpy.run_path(str(options.folder / "inputs.py"))
    wrong = 0
    with tempfile.TemporaryDirectory() as temporary:
        for case in table:
            if options.only and case.name not in options.only:
                continue
            try:
                line = compare(case, options.folder, make_inputs(case, makers, Path(temporary)), options.rounds)
            except ValueError as error:
                line = f"{case.name:20}  FAILED {error}"
            wrong += "FAILED" in line or "OTHER" in line
            print(line, flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
