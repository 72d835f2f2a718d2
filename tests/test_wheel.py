"""The installed wheel works without the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from email import message_from_string
from pathlib import Path

import pytest

pytestmark = pytest.mark.wheel

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
    """Return what the code prints with only the wheel's contents and the installed dependencies on the path."""
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, "-P", "-c", code]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_contains_every_tracked_file_of_the_package(installed: Path) -> None:
    """Data files are included: the type marker, JSON, templates, styles and migrations."""
    listed = subprocess.run(["git", "ls-files", "-z", "advisor"], cwd=ROOT, capture_output=True, check=True, text=True)
    tracked = {name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()}
    assert {"advisor/py.typed", "advisor/describe/archetype_profiles.json"} <= tracked
    assert [name for name in sorted(tracked) if not (installed / name).exists()] == []


def test_the_wheel_is_named_and_numbered(installed: Path) -> None:
    """The distribution is workload-advisor in the version that the package has, and its extras refer to itself."""
    (metadata,) = installed.glob("*.dist-info/METADATA")
    headers = message_from_string(metadata.read_text(encoding="utf-8"))
    version = run(installed, installed, "import advisor; print(advisor.__version__)").strip()
    assert (headers["Name"], headers["Version"]) == ("workload-advisor", version)
    requirements = headers.get_all("Requires-Dist") or []
    assert not [requirement for requirement in requirements if requirement.startswith("advisor")]


def test_the_wheel_answers_descriptions_and_requests(installed: Path, tmp_path: Path) -> None:
    """The decision matrix and the pages are found in it."""
    code = (
        "import advisor, advisor.service as service\n"
        "print(advisor.__file__)\n"
        "print(advisor.advise('Processing 100 images', machine=advisor.Machine(cores=4)).recommendation)\n"
        "client = service.create_app().test_client()\n"
        "print(client.get('/').status_code, client.get('/openapi.json').status_code)\n"
    )
    package, recommendation, statuses = run(installed, tmp_path, code).splitlines()
    assert package.startswith(str(installed))
    assert recommendation == "multiprocessing"
    assert statuses == "200 200"


def test_the_wheel_measures_a_target(installed: Path, tmp_path: Path) -> None:
    """The child process and the observer find the package where it is installed."""
    (tmp_path / "waiting.py").write_text("import time\ndef nap(): time.sleep(0.01)\n")
    code = (
        "import runpy, sys\n"
        "sys.argv[1:] = ['waiting:nap', '--budget', '0.3']\n"
        "runpy.run_module('advisor', run_name='__main__')\n"
    )
    assert run(installed, tmp_path, code).startswith("Threading")


def test_the_wheel_creates_a_journal(installed: Path, tmp_path: Path) -> None:
    """The migrations are part of it."""
    code = (
        "import advisor, advisor.journal\n"
        "journal = advisor.journal.open_journal('journal.db')\n"
        "advice = advisor.advise(advisor.Profile(calls=1, wall=0.1, wait=0.1), machine=advisor.Machine(cores=4))\n"
        "import time\n"
        "while (id := journal.record({'profile': {}}, advice)) is None:\n"  # a busy host's first write takes long
        "    time.sleep(0.1)\n"
        "print(journal.advice(id).advice == advice)\n"
        "journal.close()\n"
    )
    assert run(installed, tmp_path, code) == "True\n"
