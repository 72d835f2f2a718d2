"""Advise on small functions that look dangerous, half of which are, and run the advised code against the plain loop.

    python -m benchmarks.safety [NAME …] [--folder FOLDER] [--budget SECONDS] [--json FILE]

`cases.jsonl` in `benchmarks/safety_cases` says which strategies break each function, and which are safe. Its authors
had not read this project's code. For each case, in fresh folders and processes:

- `advise TARGET --inputs …` gives the advice;
- its code runs as it stands; its results, and the state that the case names, are compared with those of a plain loop.

The advice is *unsafe* if the advised code fails or gives other results, or if the advised strategy is one that breaks
the function. A hazard is *named* if a warning or an alternative mentions its object. A *false alarm* is a strategy that
is safe but ruled out, or a warning of shared state, for a function that is fine. About eight minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

CASES = Path(__file__).with_name("safety_cases")
TIMEOUT = 60.0  # seconds of one program
ALARMS = frozenset(  # codes of the warnings that calls share something
    [
        "shared-resource",
        "not-thread-safe",
        "unguarded-state",
        "unshared-globals",
        "unshared-changes",
        "unshared-state",
        "shared-random",
    ]
)
# Appended to the advised script, and to the plain loop: results in a form that can be compared.
_REPORT = """\
    import json as _json
    from pathlib import Path as _Path

    def _plain(result):
        return repr(tuple(result)) if type(result).__name__ == "Row" else repr(result)

    _state = {state}
    _answer = {{"results": [_plain(result) for result in results], "state": repr(_state)}}
    _Path({file!r}).write_text(_json.dumps(_answer))
"""


class Outcome(NamedTuple):
    """The advice on one case, and its faults."""

    name: str
    hazard: bool
    advised: str
    unsafe: str  # why, or empty
    named: bool
    alarm: str  # what was ruled out or warned of without reason, or empty


def read_cases(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the cases of a folder."""
    for line in (folder / "cases.jsonl").read_text("utf-8").splitlines():
        yield json.loads(line)


def judge(case: Mapping[str, Any], folder: Path, budget: float) -> Outcome:
    """Ask for advice on a case and run the advised code against the plain loop."""
    with tempfile.TemporaryDirectory() as place:
        advised = _run(
            ["-m", "advisor", case["target"], "--inputs", case["inputs"], "--json", "--budget", str(budget)],
            folder,
            Path(place),
        )
    if advised.returncode:
        return Outcome(case["name"], case["hazard"], "none", advised.stderr.strip()[-200:], named=False, alarm="")
    advice = json.loads(advised.stdout)
    strategy = advice["recommendation"]
    plain = run_code(_plain_loop(case), case, folder)
    done = run_code(advice["snippet"], case, folder)
    unsafe = _difference(plain, done)
    spawned = "spawn" in advice["snippet"] or "forkserver" in advice["snippet"]
    mended = any(f"class {name}" in advice["snippet"] for name in ("OnePerThread", "Recorder"))  # then the run decides
    if (
        strategy in case["breaks"]
        and not mended
        and not (spawned and case.get("processes_by_spawn", "equal") == "equal")
    ):
        unsafe = unsafe or "known to break"
    return Outcome(case["name"], case["hazard"], strategy, unsafe, _is_named(case, advice), _alarm(case, advice))


def run_code(script: str, case: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """Run a script in a folder of its own and return its results and the state that the case names, or its error."""
    with tempfile.TemporaryDirectory() as place:
        answer = Path(place, "answer.json")
        module, _, name = (case["state"] or "").partition(":")
        state = f"__import__({module!r}, fromlist=[{name!r}]).{name}()" if module else "None"
        file = Path(place, "script.py")
        file.write_text(script + _REPORT.format(state=state, file=str(answer)), encoding="utf-8")
        work = Path(place, "work")
        work.mkdir()
        done = _run([str(file)], folder, work)
        if answer.exists():
            return json.loads(answer.read_text("utf-8"))
        return {"error": (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1][:160]}


def _run(arguments: list[str], folder: Path, place: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(folder), str(Path(__file__).parent.parent)])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": str(place)}
    command = [sys.executable, *arguments]
    with subprocess.Popen(
        command,
        cwd=place,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as child:
        try:
            out, err = child.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, 9)
            out, err = child.communicate()
            err = f"no end after {TIMEOUT:.0f} s"
    return subprocess.CompletedProcess(command, child.returncode, out, err)


def _plain_loop(case: Mapping[str, Any]) -> str:
    module, _, name = case["target"].partition(":")
    source, _, inputs = case["inputs"].partition(":")
    return (
        f"import asyncio, inspect, {module}, {source}\n\n\nif __name__ == '__main__':\n"
        f"    results = [{module}.{name}(item) for item in {source}.{inputs}()]\n"
        "    results = [asyncio.run(each) if inspect.iscoroutine(each) else each for each in results]\n"
    )


def _difference(plain: Mapping[str, Any], done: Mapping[str, Any]) -> str:
    if "error" in plain:
        return f"the plain loop fails: {plain['error']}"
    if "error" in done:
        return str(done["error"])
    wrong = sum(one != other for one, other in zip(plain["results"], done["results"], strict=False))
    if wrong or len(plain["results"]) != len(done["results"]):
        return f"{wrong} of {len(plain['results'])} results differ"
    return "" if plain["state"] == done["state"] else f"state {done['state'][:40]} instead of {plain['state'][:40]}"


def _is_named(case: Mapping[str, Any], advice: Mapping[str, Any]) -> bool:
    texts = [warning["text"] for warning in advice["warnings"]] + [other["why"] for other in advice["alternatives"]]
    return any(name in text for text in texts for name in case["object_any"])


def _alarm(case: Mapping[str, Any], advice: Mapping[str, Any]) -> str:
    if case["hazard"]:
        return ""
    for other in advice["alternatives"]:
        if not other["feasible"] and other["strategy"] in case["safe"]:
            return f"{other['strategy']}: {other['why']}"
    return next((warning["text"] for warning in advice["warnings"] if warning["code"] in ALARMS), "")


def _verdict(outcome: Outcome) -> str:
    if outcome.unsafe:
        return f"UNSAFE: {outcome.unsafe}"
    if outcome.alarm:
        return f"false alarm: {outcome.alarm}"
    return "not named" if outcome.hazard and not outcome.named else ""


def main() -> None:
    """Judge the cases and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of cases; default: all")
    parser.add_argument("--folder", type=Path, default=CASES)
    parser.add_argument("--budget", type=float, default=1.0, help="seconds of measuring for each case")
    parser.add_argument("--jobs", type=int, default=1, help="cases at the same time; disturbs the measuring")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the outcomes there")
    options = parser.parse_args()
    cases = [case for case in read_cases(options.folder) if not options.names or case["name"] in options.names]
    outcomes = []
    with ThreadPoolExecutor(options.jobs) as pool:
        for outcome in pool.map(lambda case: judge(case, options.folder.resolve(), options.budget), cases):
            outcomes.append(outcome)
            kind = "hazard" if outcome.hazard else "decoy"
            print(f"{outcome.name:20} {kind:7} {outcome.advised:16} {_verdict(outcome)[:160]}".rstrip(), flush=True)
    count = Counter(
        {
            "unsafe": sum(bool(each.unsafe) for each in outcomes),
            "hazards not named": sum(each.hazard and not each.named for each in outcomes),
            "false alarms": sum(bool(each.alarm) for each in outcomes),
        }
    )
    hazards = sum(each.hazard for each in outcomes)
    print(f"\n{len(outcomes)} functions, {hazards} hazards: " + ", ".join(f"{n} {what}" for what, n in count.items()))
    if options.json:
        options.json.write_text(json.dumps([each._asdict() for each in outcomes], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
