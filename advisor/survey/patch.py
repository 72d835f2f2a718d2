"""Change the text of a module: functions and imports in their places, and the difference as a patch."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from advisor.survey.scopes import Module


@dataclass(frozen=True)
class Replacement:
    """Lines in the place of others; `first` and `last` count from 1, and `last` before `first` inserts."""

    first: int
    last: int
    lines: tuple[str, ...]


def changed(module: Module, replacements: Sequence[Replacement]) -> str:
    """Return the text of a module with lines replaced."""
    lines = lines_of(module.source)
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += end
    for each in sorted(replacements, key=lambda each: (each.first, each.last), reverse=True):
        lines[each.first - 1 : each.last] = [f"{line}{end}" for line in each.lines]
    return "".join(lines)


def lines_of(text: str) -> list[str]:
    """Return the lines of a text as Python counts them, with their ends."""
    return text.splitlines(keepends=True) if "\f" not in text else text.replace("\f", " ").splitlines(keepends=True)


def new_function(module: Module, node: ast.AST, lines: Sequence[str]) -> Replacement:
    """Return the insertion of a function before the statement at the top level that contains a node."""
    top = node
    while not isinstance(above := module.parents[top], ast.Module):
        top = above
    first: int = min(
        [top.lineno, *(each.lineno for each in getattr(top, "decorator_list", []))]  # type: ignore[attr-defined]
    )
    while first > 1 and module.lines[first - 2].startswith("#"):
        first -= 1
    before = _blank_before(module.lines, first)
    is_first = first - 1 - before <= 0
    space = [] if is_first else [""] * max(0, 2 - before)
    return Replacement(first, first - 1, (*space, *lines, "", ""))


def _blank_before(lines: Sequence[str], first: int) -> int:
    count = 0
    while first - 2 - count >= 0 and not lines[first - 2 - count].strip():
        count += 1
    return count


def new_imports(module: Module, statements: Sequence[str]) -> list[Replacement]:
    """Return the insertion of import statements: after the last import at the beginning of the module."""
    missing = [statement for statement in statements if not _has_import(module, statement)]
    if not missing:
        return []
    body = module.tree.body
    imports = 0
    for number, node in enumerate(body):
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node, (ast.Import, ast.ImportFrom)) or (is_text and number == 0):
            imports = number + 1
        else:
            break
    if not imports:
        first = body[0].lineno if body else 1
        start = min([first, *(number for number, line in enumerate(module.lines, 1) if not line.startswith("#"))])
        return [Replacement(start, start - 1, (*missing, ""))]
    after = body[imports - 1].end_lineno or 1
    is_text = isinstance(body[imports - 1], ast.Expr)
    return [Replacement(after + 1, after, (*([""] if is_text else []), *missing))]


def _has_import(module: Module, statement: str) -> bool:
    wanted = ast.dump(ast.parse(statement).body[0])
    return any(ast.dump(node) == wanted for node in module.tree.body)


def unified(file: str, before: str, after: str) -> str:
    """Return the difference as a unified diff for `patch -p0`, with the file as it was given."""
    old, new = lines_of(before), lines_of(after)
    lines = difflib.unified_diff(old, new, file, file)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
