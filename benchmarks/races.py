"""Search for races in functions that have one and in their safe twins, beside real threads and frontrun.

    python -m benchmarks.races [NAME …] [--seconds 10] [--runs 200] [--only-advisor] [--python PATH]
        [--frontrun PATH] [--folder FOLDER] [--json FILE]

`cases.jsonl` in `benchmarks/race_cases` has a line for each function: its two inputs, whether it has a race, a
deadlock or neither, and whether that happens under the GIL. Its author had not read `advisor/interleaving/`. For each
case, in a fresh process and an empty folder:

- advisor searches for `--seconds`; what it finds is replayed 10 times by its seed;
- real threads make the calls up to `--runs` times with a switch interval of 1 µs, each time in a fork of a process that
  has imported the module, until the outcome is none of those of the calls one after the other;
- frontrun searches for as long by DPOR, then at random if that found nothing, with a driver around the function
  (`race_trials`). It is a package for tests, on which no part of this project depends: `--frontrun` names an
  interpreter that has it.

Real threads also confirm findings: those that need no GIL must not happen with one. NAME selects cases, `--python` the
interpreter that runs them. The summary is Markdown. About half an hour on two cores, half of it for advisor. The
exit status is 1 if less was found than `MIN_FOUND`, a safe function was accused, a finding not replayed or a mend does
not hold.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from advisor.cli.races import FOUND
from benchmarks import race_report
from benchmarks.race_report import REPLAYS, Advised, Case, Examined
from benchmarks.race_trials import Trial
from profiles.job import ROOT

CASES = Path(__file__).with_name("race_cases")
STRATEGIES = ("dpor", "random")  # of frontrun
RUN_SECONDS = 0.3  # at most for a run of real threads, on the average
GRACE = 60.0  # seconds beyond its limit, until a process is killed


@dataclass(frozen=True)
class Options:
    """How the cases are run.

    Attributes:
        folder: The modules and `cases.jsonl`.
        seconds: Limit for a search.
        runs: Of real threads, at most.
        python: The interpreter of advisor and of the real threads.
        frontrun: An interpreter that has frontrun; empty to leave it out.
        only_advisor: Leave out the peers.
    """

    folder: Path = CASES
    seconds: float = 10.0
    runs: int = 200
    python: str = sys.executable
    frontrun: str = ""
    only_advisor: bool = False


def read_cases(folder: Path, names: Sequence[str] = ()) -> Iterator[Case]:
    """Yield the cases of a folder, or those with the names."""
    for line in (folder / "cases.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        if not names or row["module"] in names:
            target = f"{row['module']}:{row['function']}"
            yield Case(row["module"], target, row["inputs"], row["verdict"], row["class"], row["with_gil"])


def examine(case: Case, options: Options) -> Examined:
    """Search for a race in every way."""
    advised = advise(case, options)
    if options.only_advisor:
        return Examined(case, advised)
    limits = ["--runs", str(options.runs), "--seconds", str(options.runs * RUN_SECONDS)]
    threads = _trial([options.python], "threads", case, options, limits)
    if not options.frontrun:
        return Examined(case, advised, threads)
    return Examined(case, advised, threads, try_frontrun(case, options))


# advisor


def advise(case: Case, options: Options) -> Advised:
    """Search with advisor, and replay what it finds."""
    with tempfile.TemporaryDirectory(prefix="advisor-case-") as place:
        inputs = Path(place, "inputs.jsonl")
        inputs.write_text("".join(json.dumps(value) + "\n" for value in case.inputs), encoding="utf-8")
        search = functools.partial(_search, case, str(inputs), options)
        began = time.perf_counter()
        report = search("--no-fix")
        seconds = time.perf_counter() - began
        finding = report.get("finding")
        if not finding:
            return Advised(report["verdict"], seconds, report.get("schedules", 0), why=report.get("why", ""))
        return Advised(
            verdict=report["verdict"],
            seconds=seconds,
            schedules=report["schedules"],
            kind=finding["kind"],
            with_gil=finding["with_gil"],
            observed=f"of {' and '.join(report['inputs'])}: {finding['observed']}",
            replayed=sum(_is_same(finding, search("--replay", str(finding["seed"]))) for _ in range(REPLAYS)),
            mended=(search().get("mended") or {}).get("verdict"),
        )


def _search(case: Case, inputs: str, options: Options, *more: str) -> dict[str, Any]:
    """Return the report of advisor in a fresh process; one with the verdict "failed" if there is none."""
    arguments = [case.target, "--inputs", inputs, "--seconds", str(options.seconds), "--json", *more]
    command = [options.python, "-m", "advisor", "races", *arguments]
    try:
        return dict(json.loads(_run(command, options)))
    except (ValueError, subprocess.SubprocessError) as error:
        return {"verdict": "failed", "why": str(error)}


def _is_same(finding: dict[str, Any], replayed: dict[str, Any]) -> bool:
    """Return True if a replay shows the finding again, with the same outcome."""
    again = replayed.get("finding") or {}
    return (again.get("kind"), again.get("observed")) == (finding["kind"], finding["observed"])


# Peers


def try_frontrun(case: Case, options: Options) -> Trial:
    """Return what frontrun finds by one of its strategies; each has a process, as one may leave threads behind."""
    command = [options.frontrun, "-m", "frontrun.cli", options.frontrun]
    trials: list[Trial] = []
    for strategy in STRATEGIES:
        limits = ["--seconds", str(options.seconds), "--strategy", strategy]
        trials.append(_trial(command, "frontrun", case, options, limits))
        if trials[-1].found:
            break
    return Trial(
        found=trials[-1].found,
        runs=sum(trial.runs for trial in trials),
        seconds=sum(trial.seconds for trial in trials),
        why_not="" if trials[-1].found else min(trials, key=lambda trial: len(trial.why_not)).why_not,
    )


def _trial(interpreter: Sequence[str], way: str, case: Case, options: Options, limits: Sequence[str]) -> Trial:
    arguments = [way, case.target, json.dumps(case.inputs), *limits]
    command = [*interpreter, "-m", "benchmarks.race_trials", *arguments]
    began = time.perf_counter()
    try:
        lines = _run(command, options, is_peer=True).splitlines()
        trial = Trial(**json.loads(lines[-1] if lines else ""))
    except (ValueError, subprocess.SubprocessError) as error:
        trial = Trial(why_not=str(error))
    trial.seconds = time.perf_counter() - began
    return trial


def has_frontrun(python: str) -> bool:
    """Return True if the interpreter has the package frontrun."""
    return not subprocess.run([python, "-c", "import frontrun"], capture_output=True, check=False).returncode


# Processes


def _run(command: Sequence[str], options: Options, *, is_peer: bool = False) -> str:
    """Return the output of a command in an empty folder, of which nothing is left.

    Raises:
        SubprocessError: The command failed, or did not end in time.
    """
    limit = max(options.seconds, options.runs * RUN_SECONDS if is_peer else 0.0) + GRACE
    with tempfile.TemporaryDirectory(prefix="advisor-case-") as place:
        work = Path(place, "work")
        work.mkdir()
        path = os.pathsep.join([str(options.folder.resolve()), str(ROOT)])
        temporary = str(work if is_peer else place)  # a peer looks at the temporary files, too
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": temporary}
        child = subprocess.Popen(
            command,
            cwd=work,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            output, errors = child.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            raise subprocess.SubprocessError(f"no end within {limit:.0f} s") from None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
    if child.returncode not in (0, FOUND):
        raise subprocess.SubprocessError((errors.strip().splitlines() or [f"exit status {child.returncode}"])[-1])
    return output


def main() -> None:
    """Examine the cases and print the summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of cases; default: all")
    parser.add_argument("--folder", type=Path, default=CASES)
    parser.add_argument("--seconds", type=float, default=10.0, help="limit for a search")
    parser.add_argument("--runs", type=int, default=200, help="of real threads, at most")
    parser.add_argument("--only-advisor", action="store_true", help="leave out real threads and frontrun")
    parser.add_argument("--python", default=sys.executable, metavar="PATH", help="run the cases on this interpreter")
    parser.add_argument("--frontrun", metavar="PATH", help="an interpreter with frontrun; default: that of --python")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the outcomes there")
    given = parser.parse_args()
    frontrun = given.frontrun or given.python
    if not has_frontrun(frontrun):
        if given.frontrun:
            parser.error(f"{frontrun} has no package frontrun")
        frontrun = ""
    cases = list(read_cases(given.folder, given.names))
    if unknown := set(given.names).difference(case.name for case in cases):
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    options = Options(given.folder, given.seconds, given.runs, given.python, frontrun, given.only_advisor)
    examined = []
    for case in cases:
        examined.append(examine(case, options))
        print(race_report.line(examined[-1]), flush=True)
    if given.json:
        given.json.write_text(json.dumps([asdict(each) for each in examined], indent=1), encoding="utf-8")
    print(f"\n{race_report.document(examined)}")
    if faults := race_report.faults(examined):
        sys.exit(f"not as it should be: {', '.join(faults)}")


if __name__ == "__main__":
    main()
