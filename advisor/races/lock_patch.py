"""Put one lock around stretches of a module, and show the change as a patch."""

from __future__ import annotations

import ast
import builtins
import difflib
import re
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from advisor.races.stretches import SourceFile, Stretch, lines_of

_NAMES = ("_lock", "_shared_lock", "_state_lock", "_mend_lock")
_INDENT = "    "


def unused_name(source: SourceFile) -> str:
    """Return a name for the lock that the module does not use."""
    used = {node.id for node in ast.walk(source.tree) if isinstance(node, ast.Name)} | set(dir(builtins))
    used |= {word for line in source.lines for word in re.findall(r"\w+", line) if word in _NAMES}
    free = (name for name in (*_NAMES, *(f"_lock_{number}" for number in range(2, 100))) if name not in used)
    return next(free)


def with_lock(source: SourceFile, stretches: Iterable[Stretch], lock: str, kind: str = "Lock") -> str:
    """Return the module with a new lock `lock` of this kind around the stretches."""
    text = with_statement(source, stretches, lock)
    return _with_definition(text, lock, kind)


def with_statement(source: SourceFile, stretches: Iterable[Stretch], lock: str) -> str:
    """Return the text with the stretches of this file under `with lock:`."""
    lines = lines_of(source.text)
    unit = _indent_unit(source)
    for stretch in sorted(stretches, key=lambda each: each.first_line, reverse=True):
        start, stop = stretch.first_line - 1, stretch.last_line
        indent = re.match(r"\s*", lines[start])
        before = indent.group() if indent else ""
        moved = [_indented(line, number, unit, source) for number, line in enumerate(lines[start:stop], start + 1)]
        lines[start:stop] = [f"{before}with {lock}:{_line_end(lines[start])}", *moved]
    return "".join(lines)


def _indented(line: str, number: int, unit: str, source: SourceFile) -> str:
    return line if not line.strip() or number in source.frozen_lines else unit + line


def _indent_unit(source: SourceFile) -> str:
    """Return what one level of the module is indented by."""
    for function in source.functions:
        body = source.lines[function.body[0].lineno - 1][: function.body[0].col_offset]
        if body.strip() == "" and body.startswith(" " * function.col_offset) and len(body) > function.col_offset:
            return body[function.col_offset :]
        if body.startswith("\t"):
            return "\t"
    return _INDENT


def _line_end(line: str) -> str:
    return "\r\n" if line.endswith("\r\n") else "\n"


def _with_definition(text: str, lock: str, kind: str) -> str:
    """Return the text with the definition of the lock after its last leading import."""
    tree = ast.parse(text)
    lines = lines_of(text)
    end = _line_end(lines[0]) if lines else "\n"
    header = _header_end(tree.body)
    has_module = any(
        isinstance(node, ast.Import) and any(name.name == "threading" and name.asname is None for name in node.names)
        for node in tree.body[:header]
    )
    at = (tree.body[header - 1].end_lineno or 0) if header else _first_code(tree, lines)
    if at and not lines[at - 1].endswith(("\n", "\r")):
        lines[at - 1] += end
    is_import = header > 0 and isinstance(tree.body[header - 1], (ast.Import, ast.ImportFrom))
    definition = [f"{lock} = threading.{kind}(){end}"]
    if not has_module:
        definition[:0] = [f"import threading{end}", end]
        is_joined = is_import
    else:
        is_joined = False
    before = [] if is_joined or not at else [end]
    after = [] if at < len(lines) and not lines[at].strip() else [end]
    lines[at:at] = [*before, *definition, *after]
    return "".join(lines)


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


def _first_code(tree: ast.Module, lines: Sequence[str]) -> int:
    """Return the number of lines before the first statement: comments with the encoding and the like."""
    first = next((number for number, line in enumerate(lines) if not line.startswith("#")), 0)
    return min([first, *(node.lineno - 1 for node in tree.body[:1])])


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
