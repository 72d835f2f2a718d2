"""Put one lock around stretches of a module, and show the change as a patch."""

from __future__ import annotations

import ast
import builtins
import difflib
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from advisor.interleaving.stretches import SourceFile, Stretch, lines_of

_NAMES = ("_lock", "_shared_lock", "_state_lock", "_mend_lock")
_INDENT = "    "


def unused_name(source: SourceFile) -> str:
    """Return a name for the lock that the module does not use."""
    used = {node.id for node in ast.walk(source.tree) if isinstance(node, ast.Name)} | set(dir(builtins))
    used |= {word for line in source.lines for word in re.findall(r"\w+", line) if word in _NAMES}
    free = (name for name in (*_NAMES, *(f"_lock_{number}" for number in range(2, 100))) if name not in used)
    return next(free)


@dataclass(frozen=True, slots=True)
class ChangedSource:
    """The changed text of a module; `origins` has the line before the change for each line."""

    text: str
    origins: tuple[int, ...]

    def origin(self, line: int) -> int:
        """Return the line before the change; that of the first statement for a new `with`."""
        return self.origins[line - 1] if 0 < line <= len(self.origins) else line


def with_lock(source: SourceFile, stretches: Iterable[Stretch], lock: str, kind: str = "") -> ChangedSource:
    """Return the module with `with lock:` around the stretches, and the definition of a new lock of this kind."""
    lines = [(number, line) for number, line in enumerate(lines_of(source.text), 1)]
    unit = _indent_unit(source)
    for stretch in sorted(stretches, key=lambda each: each.first_line, reverse=True):
        start, stop = stretch.first_line - 1, stretch.last_line
        first = lines[start][1]
        statement = f"{first[: len(first) - len(first.lstrip())]}with {lock}:{_line_end(first)}"
        moved = [(number, _indented(line, number, unit, source)) for number, line in lines[start:stop]]
        lines[start:stop] = [(stretch.first_line, statement), *moved]
    if kind:
        _insert_definition(lines, source, f"{lock} = threading.{kind}()")
    return ChangedSource("".join(line for _, line in lines), tuple(number for number, _ in lines))


def _indented(line: str, number: int, unit: str, source: SourceFile) -> str:
    return line if not line.strip() or number in source.frozen_lines else unit + line


def _indent_unit(source: SourceFile) -> str:
    """Return what one level of the module is indented by."""
    for function in source.functions:
        body = source.lines[function.body[0].lineno - 1][: function.body[0].col_offset]
        outer = source.lines[function.lineno - 1][: function.col_offset]
        if not body.strip() and body.startswith(outer) and len(body) > len(outer):
            return body[len(outer) :]
    return _INDENT


def _line_end(line: str) -> str:
    return "\r\n" if line.endswith("\r\n") else "\n"


def _insert_definition(lines: list[tuple[int, str]], source: SourceFile, definition: str) -> None:
    """Insert the definition of the lock after the last import at the beginning of the module."""
    body = source.tree.body
    header = _header_end(body)
    at = _last_line(body[header - 1]) if header else _first_code(source)
    end = _line_end(lines[0][1])
    is_import = header > 0 and isinstance(body[header - 1], (ast.Import, ast.ImportFrom))
    new = [definition]
    if not any(_imports_threading(node) for node in body[:header]):
        new = ["import threading", "", definition]
    if at and not (is_import and len(new) > 1):
        new.insert(0, "")
    if at < len(lines) and lines[at][1].strip():
        new.append("")
    lines[at:at] = [(max(1, at), f"{line}{end}") for line in new]


def _imports_threading(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import) and any(name.name == "threading" and not name.asname for name in node.names)


def _header_end(body: Sequence[ast.stmt]) -> int:
    """Return the number of statements up to the last import at the beginning of a module."""
    count = 0
    for number, node in enumerate(body):
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node, (ast.Import, ast.ImportFrom)) or (is_text and number == 0):
            count = number + 1
        elif not is_text:
            break
    return count


def _first_code(source: SourceFile) -> int:
    """Return the number of lines before the first statement: comments with the encoding and the like."""
    first = next((number for number, line in enumerate(source.lines) if not line.startswith("#")), 0)
    return min([first, *(node.lineno - 1 for node in source.tree.body[:1])])


def _last_line(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def swap_locks(source: SourceFile, lines: Collection[int]) -> str | None:
    """Return the text in which the two `with` statements at these lines acquire each other's lock."""
    items = [
        item.context_expr
        for node in ast.walk(source.tree)
        if isinstance(node, ast.With)
        for item in node.items
        if item.context_expr.lineno in lines
    ]
    found = {ast.unparse(expression): expression for expression in items if is_plain(expression)}
    if len(found) != 2 or len(items) != 2:
        return None
    (one, first), (other, second) = sorted(found.items(), key=lambda pair: pair[1].lineno)
    text = lines_of(source.text)
    for expression, new in ((second, one), (first, other)):
        if expression.lineno != expression.end_lineno:
            return None
        line = text[expression.lineno - 1].encode()
        changed = line[: expression.col_offset] + new.encode() + line[expression.end_col_offset :]
        text[expression.lineno - 1] = changed.decode()
    return "".join(text)


def is_plain(expression: ast.expr) -> bool:
    """Return True for a name or attributes of one, such as `lock` and `self.lock`."""
    while isinstance(expression, ast.Attribute):
        expression = expression.value
    return isinstance(expression, ast.Name)


def patch(path: str, before: str, after: str) -> str:
    """Return a unified diff for `patch -p0` and `git apply -p0` in the working folder."""
    name = _shown_path(path)
    old, new = (lines_of(text) for text in (before, after))
    lines = difflib.unified_diff(old, new, name, name)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _shown_path(path: str) -> str:
    try:
        return Path(path).resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path
