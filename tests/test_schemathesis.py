"""Schemathesis makes up requests from the published description, and finds nothing wrong with the answers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.test_service_server import serving

REFUSALS = [400, 404, 405, 413, 415, 422]  # schemathesis by itself knows no 413


def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    """Against a real server: no failure, no undocumented answer, nothing taken that the description refuses.

    A body that is too large is refused as that, whatever else is wrong with it. Left out is that whatever follows the
    description is taken: no JSON Schema can say that the parts of a call's time must fit into it.
    """
    settings = tmp_path / "schemathesis.toml"
    settings.write_text(f"[checks.negative_data_rejection]\nexpected-statuses = {REFUSALS}\n")
    with serving(ADVISOR_WORKERS="1", ADVISOR_JOURNAL=str(tmp_path / "journal.db")) as server:
        command = [
            *(Path(sys.executable).with_name("schemathesis"), "--config-file", settings),
            *("run", f"{server.address}/openapi.json"),
            *("--max-examples", "10", "--seed", "1", "--generation-database", "none", "--no-color"),
            *("--phases", "examples,coverage,fuzzing,stateful", "--exclude-checks", "positive_data_acceptance"),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
