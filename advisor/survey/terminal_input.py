"""Find out from the source whether a program asks the user for something."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

from advisor.survey.loop_times import decoded

_MODULES = ("getpass", "curses", "readline", "prompt_toolkit")


def reads_terminal(files: Iterable[str], folder: Path) -> bool:
    """Return True if one of the files reads standard input, or what is typed."""
    for file in files:
        try:
            tree = ast.parse(decoded(folder / file))
        except (OSError, SyntaxError, ValueError):
            continue
        if any(_reads(node) for node in ast.walk(tree)):
            return True
    return False


def _reads(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "input"
    if isinstance(node, ast.Attribute):
        return node.attr == "stdin"
    if isinstance(node, ast.Import):
        return any(alias.name in _MODULES for alias in node.names)
    return isinstance(node, ast.ImportFrom) and (
        node.module in _MODULES or any(alias.name == "stdin" for alias in node.names)
    )
