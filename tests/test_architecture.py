"""ARCHITECTURE.md and the import contracts describe the code."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "advisor"
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
ENTRIES = sorted(
    f"{path.name}/" if path.is_dir() else path.name
    for path in PACKAGE.iterdir()
    if not path.name.startswith("__") and (path.is_dir() or path.suffix == ".py")
)


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


def test_architecture_describes_every_folder_and_module() -> None:
    """The table of ARCHITECTURE.md has one line for each entry of the package, and no others."""
    assert sorted(re.findall(r"^\| `([^`]+)` \|", ARCHITECTURE, re.MULTILINE)) == ENTRIES


def test_documents_name_files_that_exist() -> None:
    """Every path and module of this repository that a document gives in full exists."""
    documents = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *ROOT.glob("docs/*.md"), *ROOT.glob("profiles/*.md")]
    missing = [
        f"{document.name}: {path}"
        for document in documents
        for path in _named_paths(document.read_text(encoding="utf-8"))
        if not list(ROOT.glob(path)) and not (ROOT / f"{path}.py").exists()
    ]
    assert not missing


def _named_paths(text: str) -> set[str]:
    paths = re.findall(r"`((?:advisor|tests|docs|benchmarks|profiles|deploy)/[\w./*-]*)`", text)
    modules = re.findall(r"python -m ((?:advisor|benchmarks|profiles)[\w.]*)", text)
    return {*paths, *(module.replace(".", "/") for module in modules)}
