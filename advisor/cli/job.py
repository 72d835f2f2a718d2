"""Do the job of `advise run`: open its inputs and outputs, run it, and say what was done."""

from __future__ import annotations

import contextlib
import shlex
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import click

from advisor.cli import run_feedback, run_output
from advisor.cli.interruptions import Interrupted, Interruptions
from advisor.cli.json_lines import as_line
from advisor.cli.output import write_file
from advisor.cli.run_output import Files, Output
from advisor.errors import AdvisorError, CallError, TargetError, UsageError
from advisor.jobs.checkpoint import remove as remove_checkpoint
from advisor.jobs.engine import Engine
from advisor.jobs.inputs import Inputs
from advisor.jobs.map import open_engine
from advisor.jobs.outcomes import str_of
from advisor.jobs.progress import ProgressBar
from advisor.jobs.run_state import Settings
from advisor.models import Failure, RunReport, Strategy
from advisor.report import run_summary
from advisor.report.layout import Screen
from advisor.target.input_stream import Format, open_inputs
from advisor.target.inputs import Call, check_arguments
from advisor.target.loader import load

SHOWN_FAILURES = 3
Outcome = tuple[int, Any] | Failure


@dataclass(frozen=True)
class JobOptions:
    """The options of `advise run`."""

    target: str
    inputs: str
    star: bool
    input_format: Format | None
    output: str | None
    discard: bool
    unordered: bool
    resume: bool
    overwrite: bool
    checkpoint: str | None
    no_checkpoint: bool
    on_error: Literal["keep", "stop"]
    retries: int
    call_timeout: float | None
    strategy: Strategy | None
    workers: int | None
    cluster: str | None
    report: str | None
    report_to: str | None
    progress: bool | None
    quiet: bool


def do_job(options: JobOptions, command_line: Sequence[str]) -> int:
    """Do the job, and return the exit status.

    Args:
        options: Those of the command.
        command_line: The words of the command, to say how to continue.

    Raises:
        UsageError: The question is wrong.
        TargetError: The target cannot be loaded, or JSON cannot hold a result.
        Interrupted: After a signal; its text says how to continue.
        BrokenPipeError: Nobody reads the results any more.
    """
    files = Files.of(options.output, options.checkpoint, keep=not options.no_checkpoint)
    files.check(resume=options.resume, overwrite=options.overwrite)
    interruptions = Interruptions()
    with contextlib.ExitStack() as stack:
        stack.enter_context(interruptions.handled())
        output = stack.enter_context(_open_output(options, files, interruptions))
        piped = stack.enter_context(run_output.standard_input_kept()) if options.inputs == "-" else 0
        function = load(options.target)
        inputs, first = open_inputs(options.inputs, options.input_format, star=options.star, standard_input=piped)
        call = Call((first,), where="the first input") if isinstance(first, str) else first
        check_arguments(function, [call], options.target)
        if options.overwrite and files.checkpoint is not None:  # not before the run can begin
            remove_checkpoint(files.checkpoint)
        return Job(options, files, output, interruptions, command_line).run(function, inputs)


def _open_output(
    options: JobOptions, files: Files, interruptions: Interruptions
) -> contextlib.AbstractContextManager[Output | None]:
    if options.discard:
        return contextlib.nullcontext()
    if files.output is not None:
        return run_output.file_output(files.output, interruptions)
    return run_output.standard_output(interruptions)


class Job:
    """A job with open outputs."""

    def __init__(
        self,
        options: JobOptions,
        files: Files,
        output: Output | None,
        interruptions: Interruptions,
        command_line: Sequence[str],
    ) -> None:
        self._options = options
        self._files = files
        self._output = output
        self._interruptions = interruptions
        self._command_line = command_line
        self._failures: list[Failure] = []  # the first ones
        self._bar: ProgressBar | None = None
        self._has_come_to_end = True

    def run(self, function: Callable[..., Any], inputs: Iterable[Any]) -> int:
        """Do the job, and return the exit status."""
        self._engine = self._open_engine(function, Inputs((inputs,), star=True))
        if self._output is not None:
            self._output.truncate()
        try:
            self._deliver()
        except CallError as error:
            self._has_come_to_end = False
            self._write([_as_failure(error)])
            self._write_rest()
        except Interrupted as interrupt:
            self._write_rest()
            self._tell()
            raise Interrupted(interrupt.number, self._how_to_continue()) from None
        except UsageError:
            self._write_rest()
            self._tell()
            if self._files.checkpoint is not None:
                self._say(self._how_to_continue())
            raise
        except TargetError:  # of a result, or of the inputs
            if self._output is not None:
                self._output.flush()
            self._tell()
            raise
        finally:
            self._remove_checkpoint_if_new()
        self._tell(is_complete=self._has_come_to_end)
        return self._end()

    @property
    def _report(self) -> RunReport:
        return self._engine.outcomes.tally.report()

    def _open_engine(self, function: Callable[..., Any], inputs: Inputs) -> Engine:
        options = self._options
        if self._shows_progress():
            self._bar = ProgressBar(inputs)
        return open_engine(
            function,
            inputs,
            ordered=not (options.unordered or options.discard),
            on_error="keep" if options.on_error == "keep" else "raise",
            retries=options.retries,
            checkpoint=self._files.checkpoint,
            progress=self._look,
            settings=Settings(
                options.call_timeout, strategy=options.strategy, workers=options.workers, cluster=options.cluster
            ),
            numbered=True,
        )

    def _shows_progress(self) -> bool:
        options = self._options
        if options.quiet or options.progress is False or not sys.stderr.isatty():
            return False
        return bool(options.progress) or self._output is None or not self._output.is_watched

    def _look(self, report: RunReport) -> None:
        """Look after the reader of the results, and show the progress."""
        if self._output is not None:
            self._output.check_reader()
        if self._bar is not None:
            self._bar.show(report)

    def _deliver(self) -> None:
        """Run the calls, and write the results as they come."""
        try:
            with contextlib.closing(self._engine.batches()) as batches:
                for batch in batches:
                    self._write(batch)
        finally:
            if self._bar is not None:
                self._bar.close()

    def _write(self, outcomes: Iterable[Outcome]) -> None:
        with self._interruptions.held():
            for outcome in outcomes:
                if isinstance(outcome, Failure) and len(self._failures) < SHOWN_FAILURES:
                    self._failures.append(outcome)
                if self._output is not None:
                    self._output.add(as_line(outcome))
        if self._output is not None:
            self._output.flush()

    def _write_rest(self) -> None:
        """Write the results that have finished and wait for one before them."""
        self._write(outcome for _, outcome in self._engine.unread())

    def _tell(self, *, is_complete: bool = False) -> None:
        """Print the summary, and write the report."""
        report = self._report
        if not self._options.quiet:
            screen = Screen.of(sys.stderr)
            text = run_summary.as_text(report, screen, failures=self._failures, is_complete=is_complete)
            self._say(text.rstrip())
        if self._options.report is not None:
            write_file(self._options.report, report.model_dump_json(indent=2) + "\n")

    def _end(self) -> int:
        """Clean up after a run that came to its end, and return the exit status."""
        report = self._report
        if self._options.report_to is not None:
            try:
                self._say(run_feedback.send(self._options.report_to, self._engine.advice, report))
            except AdvisorError as error:
                click.echo(f"Warning: the run was not reported: {error}", err=True)
        if not report.failed:
            self._remove_checkpoint()
            return 0
        if self._files.checkpoint is not None:
            self._say(f"\nTo make only the failed calls again: {self._resuming_command()}")
        return 1

    def _remove_checkpoint(self) -> None:
        if self._output is not None:
            self._output.sync()
        if self._files.checkpoint is not None:
            remove_checkpoint(self._files.checkpoint)

    def _remove_checkpoint_if_new(self) -> None:
        """Leave no checkpoint behind where nothing was done."""
        done = self._report.calls if self._output is None else self._output.lines
        if not done and not self._options.resume:
            self._remove_checkpoint()

    def _how_to_continue(self) -> str:
        if not self._report.calls:
            return "Nothing was done yet."
        if self._files.checkpoint is None:
            kept = "The finished results were written. " if self._output is not None else ""
            return f"{kept}Without a checkpoint (--output FILE or --checkpoint FILE), a run cannot be continued."
        again = ", with the same standard input" if self._options.inputs == "-" else ""
        return f"To continue{again}: {self._resuming_command()}"

    def _resuming_command(self) -> str:
        words = [word for word in self._command_line if word != "--overwrite"]
        return shlex.join(words if "--resume" in words else [*words, "--resume"])

    def _say(self, text: str) -> None:
        if not self._options.quiet:
            click.echo(text, err=True, color=True)


def _as_failure(error: CallError) -> Failure:
    cause = error.__cause__ or error
    return Failure(index=error.index, type=type(cause).__name__, message=str_of(cause), attempts=error.attempts)
