"""A team's server asked for advice."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from werkzeug.serving import make_server

from advisor.cli import main
from advisor.errors import UsageError
from advisor.records import Advice, Profile
from advisor.remote import ask
from advisor.service import create_app
from advisor.service.settings import settings

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
    """With the calls and cores that are asked for; all else is the server's to say."""
    monkeypatch.setenv("ADVISOR_TOKEN", TOKEN)
    advice = ask(server + "/", PROFILE, calls=77, cores=6)
    assert (advice.recommendation, advice.job.calls, advice.machine.cores) == ("threading", 77, 6)
    assert advice.machine.source == "assumed"


def test_a_description_from_the_command_line(
    server: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`advise describe --server URL` prints what the server says."""
    monkeypatch.setenv("ADVISOR_TOKEN", TOKEN)
    assert main(["describe", "Downloading 100 files", "--server", server, "--json"]) == 0
    assert Advice.model_validate_json(capsys.readouterr().out).recommendation == "threading"


def test_without_the_token_it_says_which_variable(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commonest mistake is told as what to do."""
    monkeypatch.delenv("ADVISOR_TOKEN", raising=False)
    with pytest.raises(UsageError, match="set ADVISOR_TOKEN"):
        ask(server, PROFILE, calls=None, cores=None)


def test_a_refusal_is_told_in_the_servers_words(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The problem document becomes one line, with the field."""
    monkeypatch.setenv("ADVISOR_TOKEN", TOKEN)
    with pytest.raises(UsageError, match=r"refused: .*calls: "):
        ask(server, PROFILE, calls=0, cores=None)
    with pytest.raises(UsageError, match="refused: There is nothing at this address"):
        ask(server + "/elsewhere", PROFILE, calls=1, cores=None)


def test_a_server_that_is_not_there() -> None:
    """One line that names it."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    with pytest.raises(UsageError, match=f"cannot reach http://127.0.0.1:{port}"):
        ask(f"http://127.0.0.1:{port}", PROFILE, calls=1, cores=None)
    with pytest.raises(UsageError, match="write http://"):
        ask("file:///etc/passwd", PROFILE, calls=1, cores=None)
