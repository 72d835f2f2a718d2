"""What is installed works without the checkout around it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The contents of the built wheel, unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def run(installed: Path, folder: Path, code: str) -> str:
    """What `code` prints with the wheel's contents alone on the path, besides the installed dependencies."""
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, "-P", "-c", code]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_answers_descriptions_and_requests(installed: Path, tmp_path: Path) -> None:
    """The archetypes, the page and its style are part of it."""
    code = (
        "import advisor, advisor.service as service\n"
        "print(advisor.__file__)\n"
        "print(advisor.advise('Processing 100 images', machine=advisor.Machine(cores=4)).recommendation)\n"
        "client = service.create_app().test_client()\n"
        "print(client.get('/').status_code, client.get('/openapi.json').status_code)\n"
    )
    place, recommendation, statuses = run(installed, tmp_path, code).splitlines()
    assert place.startswith(str(installed))
    assert recommendation == "multiprocessing"
    assert statuses == "200 200"


def test_the_wheel_measures_a_target(installed: Path, tmp_path: Path) -> None:
    """The child process and the observer find the package where it is installed."""
    (tmp_path / "waiting.py").write_text("import time\ndef nap(): time.sleep(0.01)\n")
    code = "import sys; from advisor.cli.main import main; sys.exit(main(['waiting:nap', '--budget', '0.3']))"
    assert run(installed, tmp_path, code).startswith("Threading")


def test_the_wheel_makes_a_journal(installed: Path, tmp_path: Path) -> None:
    """The migrations are part of it."""
    code = (
        "import advisor, advisor.journal\n"
        "journal = advisor.journal.open_journal('journal.db')\n"
        "advice = advisor.advise(advisor.Profile(calls=1, wall=0.1, wait=0.1), machine=advisor.Machine(cores=4))\n"
        "print(journal.advice(journal.record({'profile': {}}, advice)).advice == advice)\n"
        "journal.close()\n"
    )
    assert run(installed, tmp_path, code) == "True\n"


def test_the_wheel_says_that_it_is_typed(installed: Path) -> None:
    """Type checkers look for this file."""
    assert (installed / "advisor" / "py.typed").exists()
