"""The commands and scripts of the pages in docs/how-to work, in the order in which they stand."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from advisor.service import create_app

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs/how-to").glob("*.md"))
MODULE = re.findall(r"```python\n(# jobs\.py\n.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)[0]
BASH = shutil.which("bash")
ADDRESS = "http://127.0.0.1:8000"
ADVISE = 'advise() { case $1 in jobs:*) set -- "$@" --budget 0.3;; esac; python -m advisor "$@"; }'


@pytest.fixture
def server() -> Iterator[str]:
    """Serve advice on a free port, and return the address."""
    listening = make_server("127.0.0.1", 0, create_app(), threaded=True)
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}"
    listening.shutdown()
    thread.join()
    listening.server_close()


@pytest.mark.slow
@pytest.mark.skipif(not (BASH and shutil.which("curl")), reason="needs bash and curl")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_blocks_of_a_page_run(page: Path, server: str, tmp_path: Path) -> None:
    """Each command and each script succeeds in the folder of the README's module, and the commands print something."""
    (tmp_path / "jobs.py").write_text(MODULE, encoding="utf-8")
    for language, block in re.findall(
        r"^```(\w+)\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    ):
        if language == "python":
            name = block.split("\n", 1)[0].removeprefix("# ")
            (tmp_path / name).write_text(block.replace(ADDRESS, server), encoding="utf-8")
            assert run(f"python {name}", tmp_path)
        elif language == "console":
            for line in block.splitlines():
                assert run(line.removeprefix("$ ").replace(ADDRESS, server), tmp_path)


def run(command: str, folder: Path) -> str:
    """Run a line in bash, with the interpreter of the tests and a short budget for `advise`."""
    assert BASH is not None
    programs = f'python() {{ "{sys.executable}" "$@"; }}; {ADVISE}\n'
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "ADVISOR_JOURNAL": "off"}
    process = subprocess.run(
        [BASH, "-o", "pipefail", "-c", programs + command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert process.returncode == 0, process.stderr
    assert '"status":4' not in process.stdout.replace(" ", "")
    return process.stdout


def test_the_links_of_the_pages_exist() -> None:
    """Every file that a page links to exists, and the README links to every page."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for page in PAGES:
        assert f"](docs/how-to/{page.name})" in readme
        for path in re.findall(r"\]\(([^):#]+)(?:#[\w-]+)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / path).exists(), f"{page.name}: {path}"


def test_the_report_that_is_explained_has_every_part() -> None:
    """The page explains the parts that its report has, by their names."""
    page = (ROOT / "docs/how-to/read-the-report.md").read_text(encoding="utf-8")
    report, explained = re.findall(r"```text\n(.*?)```(.*)", page, re.DOTALL)[0]
    for part in ("Where a call's time goes", "Trial run", "Why", "Confidence", "Code"):
        assert re.search(rf"^(?:  )?{part}\b", report, re.MULTILINE), part
        assert f"**{part}**" in explained, part
