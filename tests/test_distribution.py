"""The project is installed as workload-advisor: `advisor` on the package index belongs to somebody else."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
INSTALLERS = r"(?:pip3? install|pipx install|pipx run|uv add|uv pip install|uv tool install|uvx|poetry add)"
OLD_NAME = re.compile(
    # advisor[service], with or without quotes, a backslash before the bracket, or a field of an f-string in it
    r"(?<![\w.-])advisor\\?\[(?:[a-z{]+[},a-z]*)\\?\]"
    # pip install --upgrade advisor
    rf"|\b{INSTALLERS}\s(?:--?[\w-]+(?:=\S+)?\s)*['\"]?advis(?:or|e)(?![\w./\\-]|:)"
)


@pytest.mark.parametrize(
    "text",
    [
        "pip install advisor",
        "pip install --upgrade 'advisor'",
        "`pip install\n    advisor`",
        "uvx advise --help",
        "needs the extra: pip install 'advisor[{extra}]'",
        '"advisor[journal]",',
        r"match=r'advisor\[plot\]'",
    ],
)
def test_the_old_name_is_recognised(text: str) -> None:
    """With options, quotes, extras or a line break."""
    assert OLD_NAME.search(" ".join(text.split()))


@pytest.mark.parametrize(
    "text",
    ["pip install workload-advisor", "pip install 'workload-advisor[all]'", "pip install . # advisor", "advisor[0]"],
)
def test_the_new_name_is_not_taken_for_the_old_one(text: str) -> None:
    """Nor is anything else."""
    assert not OLD_NAME.search(text)


def test_no_file_installs_a_foreign_project() -> None:
    """Messages, documents, the container file and all others name the distribution."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    found = {}
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if not path.is_file() or path == Path(__file__):
            continue
        text = " ".join(path.read_bytes().decode("utf-8", errors="replace").split())
        if matches := OLD_NAME.findall(text):
            found[name] = matches
    assert found == {}


def test_extras_refer_to_this_distribution() -> None:
    """The extras that `all` and `dev` combine exist."""
    extras = PROJECT["optional-dependencies"]
    for requirements in extras.values():
        for requirement in requirements:
            if match := re.fullmatch(rf"{PROJECT['name']}\[([\w,]+)\]", requirement):
                assert set(match[1].split(",")) <= set(extras)
