"""Advice from a server (`--server`)."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from advisor.cli.main import main
from advisor.cli.remote_advice import ask
from advisor.errors import UsageError
from advisor.models import Advice, Machine, Profile, Python
from advisor.service import create_app
from advisor.service.settings import settings
from tests.cluster_records import CLUSTER, COMPUTING

TOKEN = "a-token-of-the-team"
PROFILE = Profile(calls=20, wall=0.05, gil_held=0.001, gil_free=0.0, wait=0.049)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    listening = make_server("127.0.0.1", 0, create_app(settings({"ADVISOR_TOKEN": TOKEN})), threaded=True)
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}"
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()


def test_a_profile_is_advised_on_by_the_server(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server plans for the given calls and cores, with assumed costs of pools."""
    monkeypatch.setenv("ADVISOR_TOKEN", TOKEN)
    advice = ask(server + "/", PROFILE, calls=77, cores=6)
    assert (advice.recommendation, advice.job.calls, advice.machine.cores) == ("threading", 77, 6)
    assert advice.machine.source == "assumed"


def test_this_host_and_its_python_are_planned_for(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The advice is for this host, not the server, with the cores that the caller or the text names."""
    monkeypatch.setenv("ADVISOR_TOKEN", TOKEN)
    host = Machine(cores=7, memory=5_000_000_000, python=Python(version="3.13.2", free_threaded=True))
    monkeypatch.setattr("advisor.host.machine.unmeasured_machine", lambda: host)
    cases: list[tuple[Profile | str, int | None, int]] = [
        (PROFILE.model_copy(update={"python": host.python}), None, 7),
        (PROFILE.model_copy(update={"python": host.python}), 3, 3),
        ("Downloading 100 files", None, 7),
        ("Downloading 100 files on 24 cores", None, 24),
        ("Downloading 100 files on 24 cores", 3, 3),
    ]
    for subject, stated, cores in cases:
        planned = ask(server, subject, calls=None, cores=stated).machine
        assert (planned.cores, planned.memory, planned.python) == (cores, host.memory, host.python)
    with_gil = PROFILE.model_copy(update={"python": Python(version="3.13.2")})
    assert not ask(server, with_gil, calls=None, cores=None).machine.python.free_threaded


def test_a_description_from_the_command_line(
    server: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`advise describe --server URL` prints the server's advice."""
    monkeypatch.setenv("ADVISOR_TOKEN", TOKEN)
    assert main(["describe", "Downloading 100 files", "--server", server, "--json"]) == 0
    assert Advice.model_validate_json(capsys.readouterr().out).recommendation == "threading"


def test_a_missing_token_names_the_variable(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to set."""
    monkeypatch.delenv("ADVISOR_TOKEN", raising=False)
    with pytest.raises(UsageError, match="set ADVISOR_TOKEN"):
        ask(server, PROFILE, calls=None, cores=None)


@pytest.mark.parametrize("token", [f"{TOKEN}\nX: y", f"{TOKEN}\r\n{TOKEN}", f"“{TOKEN}”", f"{TOKEN}\x7f"])
def test_a_token_that_no_header_can_hold_is_not_shown(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    """The error does not show the token, and nothing is sent."""
    monkeypatch.setenv("ADVISOR_TOKEN", token)
    with pytest.raises(UsageError, match="ADVISOR_TOKEN is not a valid token") as error:
        ask("http://127.0.0.1:9", PROFILE, calls=None, cores=None)
    assert TOKEN not in str(error.value)


def test_a_refusal_is_shown_in_the_words_of_the_server(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The problem document becomes one line that names the field."""
    monkeypatch.setenv("ADVISOR_TOKEN", TOKEN)
    with pytest.raises(UsageError, match=r"refused: .*calls: "):
        ask(server, PROFILE, calls=0, cores=None)
    with pytest.raises(UsageError, match="refused: No such address"):
        ask(server + "/elsewhere", PROFILE, calls=1, cores=None)


def test_a_server_that_is_not_there() -> None:
    """The message names the address."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    with pytest.raises(UsageError, match=f"cannot reach http://127.0.0.1:{port}"):
        ask(f"http://127.0.0.1:{port}", PROFILE, calls=1, cores=None)
    with pytest.raises(UsageError, match="must start with http://"):
        ask("file:///etc/passwd", PROFILE, calls=1, cores=None)


def test_the_figures_of_a_cluster_are_sent(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server considers the cluster, and never learns its address."""
    monkeypatch.setenv("ADVISOR_TOKEN", TOKEN)
    advice = ask(server, COMPUTING, calls=10_000, cores=2, cluster=CLUSTER)
    assert advice.recommendation == "cluster"
    assert advice.machine.cluster == CLUSTER.model_copy(update={"address": ""})
    assert CLUSTER.address not in advice.model_dump_json()


TARGET = """\
import time


def wait():
    time.sleep(0.01)


def fetch(address):
    assert address.startswith("http")
    time.sleep(0.01)
"""


@pytest.mark.slow
def test_a_target_is_measured_here_and_advised_on_there(server: str, tmp_path: Path) -> None:
    """From the command line to the server and back; this host's pools are not measured."""
    (tmp_path / "work.py").write_text(TARGET, encoding="utf-8")
    (tmp_path / "urls.txt").write_text("http://a\nhttp://b\nhttp://c\n", encoding="utf-8")
    cache = tmp_path / "cache"
    environment = {**os.environ, "ADVISOR_TOKEN": TOKEN, "XDG_CACHE_HOME": str(cache), "PYTHONPATH": str(Path.cwd())}

    def run(command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)

    def advise(*words: str) -> subprocess.CompletedProcess[str]:
        return run([sys.executable, "-m", "advisor", *words, "--budget", "0.05", "--server", server])

    done = advise("work:wait", "--cores", "4", "--json", "--save-profile", "profile.json")
    assert (done.returncode, done.stderr) == (0, "")
    advice = Advice.model_validate_json(done.stdout)
    saved = Profile.model_validate_json((tmp_path / "profile.json").read_bytes())
    assert (advice.evidence, advice.machine.cores, saved.target) == ("measured", 4, "work:wait")
    assert saved == advice.profile
    code = advise("work:fetch", "--inputs", "urls.txt", "--code").stdout
    assert run([sys.executable, "-c", code]).stdout == "3 results\n"
    failed = advise("work:fetch", "--inputs", "work.py")
    assert failed.returncode == 1
    assert "AssertionError" in failed.stderr
    assert not list(cache.rglob("*.json"))
