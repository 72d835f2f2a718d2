"""ARCHITECTURE.md and the import arrows are what the code is."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "advisor"
ROWS = {
    name: row
    for row in (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines()
    if row.startswith("| `")
    for name in re.findall(r"`([^`]+)`", row.split("|")[1])
}
MODULES = sorted(path.name for path in PACKAGE.glob("*.py") if not path.name.startswith("__"))
PACKAGES = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))


def lint_imports(*options: str) -> subprocess.CompletedProcess[str]:
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", code, "--no-cache", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_imports_follow_the_contracts() -> None:
    """Every import between the modules is allowed by the contracts in pyproject.toml."""
    result = lint_imports()
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_contracts_find_a_wrong_import(tmp_path: Path) -> None:
    """The check fails if the lowest layer is moved to the top."""
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    layers = tomllib.loads(settings)["tool"]["importlinter"]["contracts"][0]["layers"]
    top, bottom = f'    "{layers[0]}",\n', f'    "{layers[-1]}",\n'
    upside_down = tmp_path / "upside-down.toml"
    upside_down.write_text(settings.replace(bottom, "", 1).replace(top, bottom + top, 1), encoding="utf-8")
    result = lint_imports("--config", str(upside_down))
    assert result.returncode == 1, result.stdout + result.stderr
    assert "not allowed to import" in result.stdout


@pytest.mark.parametrize("module", MODULES)
def test_architecture_names_every_module(module: str) -> None:
    """Each module has its line."""
    assert module in ROWS


@pytest.mark.parametrize("package", PACKAGES)
def test_architecture_names_every_part_of_a_package(package: str) -> None:
    """Each package has its line, which names the modules in it."""
    parts = {path.stem for path in (PACKAGE / package).glob("*.py") if not path.name.startswith("__")}
    assert parts <= set(re.findall(r"`(\w+)`", ROWS[f"{package}/"]))


def test_architecture_names_nothing_else() -> None:
    """What it names is there."""
    for name in ROWS:
        assert (PACKAGE / name).exists(), name
