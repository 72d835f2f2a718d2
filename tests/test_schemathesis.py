"""Schemathesis makes up requests from the OpenAPI document, and finds nothing wrong with the responses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_service_server import serving

pytestmark = [pytest.mark.server, pytest.mark.slow]

# Schemathesis by itself does not expect 413 for an invalid body. The coverage phase takes long for large bodies, and
# `/v1/curves` takes the same body as `/v1/advice`.
SETTINGS = """
[checks.negative_data_rejection]
expected-statuses = [400, 404, 405, 413, 415, 422]

[[operations]]
include-path = "/v1/advice/batch"
phases.coverage.enabled = false

[[operations]]
include-path = "/v1/curves"
phases.coverage.enabled = false
"""


def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    """No request fails, gets an undocumented response, or is accepted against the schema.

    Not checked is that everything valid against the schema is accepted: JSON Schema cannot say that the parts of a
    call's time must not exceed the whole.
    """
    (tmp_path / "schemathesis.toml").write_text(SETTINGS)
    with serving(ADVISOR_WORKERS="1", ADVISOR_JOURNAL=str(tmp_path / "journal.db")) as server:
        command = [
            *(Path(sys.executable).with_name("schemathesis"), "--config-file", "schemathesis.toml"),
            *("run", f"{server.address}/openapi.json", "--max-examples", "5", "--seed", "1"),
            *("--generation-database", "none", "--no-color", "--exclude-checks", "positive_data_acceptance"),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
