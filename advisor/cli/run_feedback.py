"""Report what a run took to a journal, so that predictions are held against jobs that really ran."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from pydantic import ValidationError

from advisor.cli import remote_advice
from advisor.errors import JournalError, UsageError
from advisor.journal import open_journal
from advisor.models import Advice, Range, RunReport, Stage
from advisor.report.formatting import duration, duration_range

LOCAL = "local"


def send(where: str, advice: Advice | None, report: RunReport) -> str:
    """Report the part of a run that was done as advised, and return a line that says so.

    Args:
        where: "local" for the user's own journal, or the URL of an advisor server.
        advice: The advice that the run followed.
        report: What it did.

    Raises:
        UsageError: Nothing was advised, or the server refuses.
        JournalError: The journal cannot be written.
        MissingExtraError: The journal's packages are not installed.
    """
    stage = None if advice is None else _advised_stage(advice, report)
    if advice is None or advice.profile is None or stage is None:
        raise UsageError("it followed no advice: the job was too small to gain, or you chose the strategy")
    question = {"profile": advice.profile.model_dump(mode="json", exclude_none=True), "calls": stage.calls}
    question["machine"] = {
        "cores": advice.machine.cores,
        "python": advice.machine.python.version,
        "free_threaded": advice.machine.python.free_threaded,
    }
    outcome = {"seconds": stage.seconds, "calls": stage.calls, "strategy": stage.strategy, "workers": stage.workers}
    predicted = _to_own(question, advice, outcome) if where == LOCAL else _to_server(where, question, outcome)
    if predicted is None:
        return "reported  nothing was predicted for it"
    return f"reported  {duration(stage.seconds)} for the part done as advised, predicted {duration_range(predicted)}"


def _advised_stage(advice: Advice, report: RunReport) -> Stage | None:
    """Return the longest part of the run that was done by the advised strategy, after it was advised."""
    stages = [stage for stage in report.stages[1:] if stage.strategy == advice.recommendation and stage.calls]
    return max(stages, key=lambda stage: stage.calls, default=None)


def _to_own(question: dict[str, Any], advice: Advice, outcome: dict[str, Any]) -> Range | None:
    with contextlib.closing(open_journal()) as journal:
        id = journal.record(question, advice)
        stored = None if id is None else journal.report(id, **outcome)
        if stored is None:
            raise JournalError(f"{journal.name} cannot be written at the moment")
        return stored.predicted


def _to_server(server: str, question: dict[str, Any], outcome: dict[str, Any]) -> Range | None:
    answer = json.loads(remote_advice.post(server, "/v1/advice", json.dumps(question).encode()))
    id = answer.get("id")
    if not id:
        raise UsageError(f"{server} keeps no journal")
    stored = json.loads(remote_advice.post(server, f"/v1/advice/{id}/outcome", json.dumps(outcome).encode()))
    try:
        return None if stored.get("predicted") is None else Range.model_validate(stored["predicted"])
    except ValidationError:
        raise UsageError(f"{server} did not confirm the report: is it an advisor server?") from None
