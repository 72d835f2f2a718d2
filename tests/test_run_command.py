"""`advise run` does the job: results as JSON Lines, whatever ends it."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from advisor.cli.main import main
from tests.run_command import command, error_line, job, lines, results, run

__all__ = ["job"]  # a fixture


def test_results_are_json_lines_in_the_order_of_the_inputs(job: Path) -> None:
    """Each input has a line with its index and result; the summary goes to standard error."""
    finished = run("job:wait", "--inputs", "inputs.txt")
    assert finished.returncode == 0
    assert lines(finished.stdout) == results(range(200))
    assert "200 succeeded" in finished.stderr


def test_unordered_results_have_their_indices(job: Path) -> None:
    """With --unordered, every index still comes with its own result."""
    finished = run("job:wait", "--inputs", "inputs.txt", "--unordered", "--strategy", "threading", "--quiet")
    assert sorted(lines(finished.stdout), key=lambda line: int(line["index"])) == results(range(200))
    assert finished.stderr == ""


def test_failed_calls_have_error_lines_and_are_made_again_by_resume(job: Path) -> None:
    """A failed call gets a line with type, message and attempts, status 1, and another chance with --resume."""
    arguments = ("job:need_file", "--inputs", "inputs.txt", "--output", "out.jsonl", "--retries", "1")
    failed = run(*arguments)
    assert failed.returncode == 1
    written = lines((job / "out.jsonl").read_text())
    assert written[3] == {"index": 3, "error": {"type": "FileNotFoundError", "message": "there", "attempts": 2}}
    assert [*written[:3], *written[4:]] == results([*range(3), *range(4, 200)])
    assert failed.stderr.endswith(
        "To make only the failed calls again: python -m advisor run job:need_file --inputs inputs.txt --output "
        "out.jsonl --retries 1 --resume\n"
    )
    (job / "there").touch()
    resumed = run(*arguments, "--resume")
    assert resumed.returncode == 0
    assert "1 succeeded, 199 from the checkpoint" in resumed.stderr
    assert lines((job / "out.jsonl").read_text()) == results(range(200))
    assert not (job / "out.jsonl.checkpoint").exists()


def test_on_error_stop_ends_at_the_first_failure(job: Path) -> None:
    """With --on-error stop, the last line in order is the failed call's, and the status is 1."""
    finished = run("job:pick", "--inputs", "inputs.txt", "--on-error", "stop", "--strategy", "sequential")
    assert finished.returncode == 1
    written = lines(finished.stdout)
    assert written == [
        *results(range(3)),
        {"index": 3, "error": {"type": "ValueError", "message": "no 3", "attempts": 1}},
    ]


def test_what_the_target_prints_does_not_mix_with_results(job: Path) -> None:
    """Prints and raw writes of the target go to standard error, in workers too; standard input is empty for it."""
    text = "".join(f"{number}\n" for number in range(30))
    finished = run("job:talk", "--inputs", "-", "--strategy", "multiprocessing", "--workers", "2", text=text)
    assert lines(finished.stdout) == [{"index": number, "result": ""} for number in range(30)]
    assert finished.stderr.count("the target talks") == finished.stderr.count("even on the raw descriptor\n") == 30


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("nan", "the result is nan, and JSON has only finite numbers"),
        ("key", "the key 1 in the result is of type int"),
        ("bytes", "the result is of type bytes"),
        ("set", "the result[0] is of type set"),
    ],
)
def test_a_result_that_json_cannot_hold_is_an_error(
    job: Path, capfd: pytest.CaptureFixture[str], name: str, what: str
) -> None:
    """The error names the call and the part of its result; the status is 1 and nothing is left behind."""
    (job / "names.txt").write_text(name)
    assert main(["run", "job:value", "--inputs", "names.txt", "--output", "out.jsonl"]) == 1
    assert f"Error: call 0 returned what JSON cannot hold: {what}. Return plain data" in capfd.readouterr().err
    assert not list(job.glob("out*"))


def test_what_json_can_hold_is_written(job: Path) -> None:
    """Tuples become arrays, text stays readable, and lone surrogates are escaped."""
    finished = run("job:value", "--inputs", "-", text="tuple\nnested\nsurrogate\n")
    assert [line["result"] for line in lines(finished.stdout)] == [
        [1, "a"],
        {"a": [None, True, 1.5, "ä"]},
        "\ud800",
    ]
    assert '"ä"' in finished.stdout


def test_results_before_an_impossible_one_are_written(job: Path) -> None:
    """Whole lines precede the error, and --discard does without JSON."""
    finished = run("job:when", "--inputs", "inputs.txt", "--strategy", "sequential")
    assert finished.returncode == 1
    assert lines(finished.stdout) == [{"index": number, "result": str(number)} for number in range(2)]
    assert "call 2 returned what JSON cannot hold: the result['at'][0] is of type datetime" in finished.stderr
    discarded = run("job:when", "--inputs", "inputs.txt", "--discard")
    assert (discarded.returncode, discarded.stdout) == (0, "")


def test_json_lines_are_recognised_on_standard_input(job: Path) -> None:
    """The first line decides between JSON and text; a broken line is an error that says so, after the results."""
    calls = '{"args": [2, 5]}\n\n{"kwargs": {"base": 3, "exp": 2}}\n'
    assert [line["result"] for line in lines(run("builtins:pow", "--inputs", "-", text=calls).stdout)] == [32, 9]
    broken = run("builtins:pow", "--inputs", "-", text=calls + "{broken\n")
    assert broken.returncode == 2
    assert [line["result"] for line in lines(broken.stdout)] == [32, 9]
    assert "Error: line 4 of standard input is not JSON" in broken.stderr
    text = run("builtins:len", "--inputs", "-", "--input-format", "text", text="5\nabc")
    assert [line["result"] for line in lines(text.stdout)] == [1, 3]


def test_generators_are_read_lazily(job: Path) -> None:
    """A run whose inputs never end gives results until it is stopped."""
    finished = run("job:pick", "--inputs", "job:numbers", "--on-error", "stop", "--strategy", "sequential")
    assert len(lines(finished.stdout)) == 4


@pytest.mark.parametrize("strategy", [[], ["--strategy", "threading"]])
def test_a_slow_producer_gets_results_before_it_ends(job: Path, strategy: list[str]) -> None:
    """Each line that arrives is answered while the pipe stays open."""
    with subprocess.Popen(
        command("job:double", "--inputs", "-", *strategy), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number in range(3):
            process.stdin.write(f"{number}\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline()) == {"index": number, "result": 2 * number}
        process.stdin.close()
        assert process.wait(30) == 0


def test_existing_results_are_not_overwritten_unasked(job: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Say what to do about an existing file; --overwrite replaces it, and its checkpoint, if the run can begin."""
    (job / "out.jsonl").write_text("mine\n")
    arguments = ["job:double", "--inputs", "inputs.txt", "--output", "out.jsonl"]
    assert error_line(capfd, *arguments) == (
        "Error: out.jsonl exists: --overwrite replaces it, or give another --output"
    )
    assert error_line(capfd, *arguments, "--resume") == (
        "Error: out.jsonl has no checkpoint (out.jsonl.checkpoint): its run is complete, or had --no-checkpoint. "
        "--overwrite starts anew"
    )
    (job / "out.jsonl.checkpoint").touch()
    assert main(["run", "job:nothing", *arguments[1:], "--overwrite"]) == 2
    assert (job / "out.jsonl.checkpoint").exists()
    assert (job / "out.jsonl").read_text() == "mine\n"
    assert main(["run", *arguments, "--overwrite"]) == 0
    assert not (job / "out.jsonl.checkpoint").exists()
    assert len(lines((job / "out.jsonl").read_text())) == 200


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "there are no inputs: give --inputs FILE, my_module:make_inputs, or - for standard input"),
        (["--inputs", "inputs.txt", "--resume"], "--resume needs the checkpoint of a run that had --output FILE"),
        (["--inputs", "nope.txt"], "no such inputs file: nope.txt"),
        (["--inputs", "inputs.txt", "--output", "no/x.jsonl"], "cannot write no/x.jsonl: No such file or directory"),
        (["--inputs", "inputs.txt", "--discard", "--output", "x"], "--discard and --output cannot be combined"),
        (
            ["--inputs", "inputs.txt", "--output", "./inputs.txt"],
            "--inputs and --output are the same file: ./inputs.txt",
        ),
        (["--inputs", "inputs.txt", "--output", "x", "--report", "x"], "--output and --report are the same file: x"),
        (["--inputs", "inputs.txt", "--report-to", "nowhere"], "--report-to nowhere: give the URL of a server"),
        (["--inputs", "inputs.txt", "--strategy", "magic"], "Invalid value for '--strategy': 'magic' is not one of"),
        (["--inputs", "inputs.txt", "--workers", "0"], "Invalid value for '--workers': '0' is not a whole number"),
    ],
)
def test_a_wrong_question_is_one_clear_line(
    job: Path, capfd: pytest.CaptureFixture[str], arguments: list[str], expected: str
) -> None:
    """The line says what is wrong, and nothing is created."""
    before = sorted(job.iterdir())
    assert error_line(capfd, "job:double", *arguments).startswith(f"Error: {expected}")
    assert [path for path in sorted(job.iterdir()) if path.name != "__pycache__"] == before


def test_the_report_is_written(job: Path) -> None:
    """--report writes what was done as JSON."""
    run("job:pick", "--inputs", "inputs.txt", "--report", "report.json", "--discard")
    report = json.loads((job / "report.json").read_text())
    assert (report["calls"], report["succeeded"], report["failed"]) == (200, 180, 20)
    assert sum(stage["calls"] for stage in report["stages"]) == 200


def test_the_file_of_inputs_is_not_taken_for_one_that_calls_share(job: Path) -> None:
    """Reading the inputs while calls are measured does not rule out threads."""
    (job / "inputs.txt").write_text("".join(f"{number:01000}\n" for number in range(300)))
    for arguments in (["--inputs", "inputs.txt"], ["--inputs", "-"]):
        with (job / "inputs.txt").open() as file:
            run_command = command("job:wait", *arguments, "--discard", "--report", "report.json", "--quiet")
            subprocess.run(run_command, stdin=file, check=True, timeout=60)
        report = json.loads((job / "report.json").read_text())
        assert report["stages"][-1]["strategy"] != "sequential"


@pytest.mark.slow
def test_a_late_call_is_ended(job: Path) -> None:
    """--call-timeout ends one call, which has failed; the others succeed."""
    finished = run("job:hang", "--inputs", "inputs.txt", "--call-timeout", "0.5")
    assert finished.returncode == 1
    written = lines(finished.stdout)
    assert written[3]["error"]["type"] == "TimeoutError"
    assert [*written[:3], *written[4:]] == results([*range(3), *range(4, 200)])


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("strategy", ["multiprocessing", "threading", "sequential"])
def test_an_interrupted_run_says_how_to_continue(job: Path, number: int, status: int, strategy: str) -> None:
    """After a signal the workers end, finished results are in the file, and --resume completes it."""
    (job / "inputs.txt").write_text("".join(f"{number}\n" for number in range(300)))
    arguments = ("job:spin", "--inputs", "inputs.txt", "--output", "out.jsonl", "--strategy", strategy)
    with subprocess.Popen(command(*arguments), stderr=subprocess.PIPE, text=True) as process:
        wait_for_lines(job / "out.jsonl", 20)
        workers = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == status
    assert not psutil.wait_procs(workers, 5)[1]
    assert errors.rstrip().endswith(f"Interrupted. To continue: python -m advisor run {' '.join(arguments)} --resume")
    assert len(lines((job / "out.jsonl").read_text())) >= 20
    assert run(*arguments, "--resume").returncode == 0
    assert lines((job / "out.jsonl").read_text()) == results(range(300))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_a_killed_run_continues(job: Path, seed: int) -> None:
    """After SIGKILL at a random moment, --resume leaves exactly one line for each input, in order."""
    choose = random.Random(seed)
    strategy = choose.choice([[], ["--strategy", "multiprocessing"], ["--strategy", "threading"]])
    arguments = ("job:wait", "--inputs", "inputs.txt", "--output", "out.jsonl", *strategy)
    with subprocess.Popen(command(*arguments), stderr=subprocess.DEVNULL) as process:
        time.sleep(choose.uniform(0.1, 1.2))
        process.kill()
    if process.returncode:  # else the run was faster
        if (job / "out.jsonl.checkpoint").exists():
            with (job / "out.jsonl").open("a") as file:
                file.write('{"index": 1')  # a torn line
        resumed = run(*arguments, "--resume")
        complete = "its run is complete" in resumed.stderr  # killed between its end and its exit
        assert resumed.returncode == (2 if complete else 0)
    assert lines((job / "out.jsonl").read_text()) == results(range(200))
    assert not list(job.glob("*.checkpoint*"))


@pytest.mark.slow
@pytest.mark.parametrize("target", ["job:wait", "job:spin"])
def test_a_closed_pipe_ends_the_run_quietly(job: Path, target: str) -> None:
    """Once nobody reads the results, the run and its workers end without an error."""
    (job / "inputs.txt").write_text("".join(f"{number}\n" for number in range(100_000)))
    arguments = command(target, "--inputs", "inputs.txt", "--quiet")
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == '{"index": 0, "result": 0}\n'
        process.stdout.close()
        assert process.wait(30) == 0
        assert process.stderr.read() == ""


def wait_for_lines(path: Path, count: int) -> None:
    for _ in range(600):
        if path.exists() and path.read_text().count("\n") >= count:
            return
        time.sleep(0.05)
    raise AssertionError(f"{path} has too few lines")
