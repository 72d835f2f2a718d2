"""Find the loops of a module in its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from advisor.models.survey_report import LoopKind
from advisor.survey.facts import Loop, LoopId

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)

_LONGEST_HEADER = 160


def loops_of(source: str, file: str) -> tuple[Loop, ...]:
    """Return the loops of a module, in the order of their headers; none if it is not valid Python."""
    return tuple(loop for loop, _ in _found(source, file))


def loop_node(source: str, file: str, loop_id: LoopId) -> ast.AST | None:
    """Return the node of a loop in the tree that `parsed` returns for the source."""
    return next((node for loop, node in _found(source, file) if loop.id == loop_id), None)


def enclosing(loops: Iterable[Loop], line: int) -> tuple[Loop, ...]:
    """Return the loops of whose iterations a line is part, the innermost first."""
    around = [loop for loop in loops if line in loop.body_lines]
    return tuple(sorted(around, key=lambda loop: (loop.last_line - loop.id[1], -loop.id[1], -loop.id[2])))


@lru_cache(maxsize=64)
def parsed(source: str) -> ast.Module | None:
    """Return the syntax tree of a module, always the same one for the same text; None if it is not valid Python."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None


@lru_cache(maxsize=64)
def _found(source: str, file: str) -> tuple[tuple[Loop, ast.AST], ...]:
    tree = parsed(source)
    if tree is None:
        return ()
    finder = _Finder(file, source.splitlines())
    finder.visit_all(tree, _Around("", None))
    return tuple(sorted(finder.found, key=lambda pair: pair[0].id[1:]))


@dataclass(frozen=True)
class _Around:
    """The function and the loop that contain a node; `name` is empty at the top level."""

    name: str
    parent: LoopId | None

    def inner(self, name: str) -> _Around:
        return _Around(f"{self.name}{name}", None)


class _Finder:
    def __init__(self, file: str, lines: list[str]) -> None:
        self.found: list[tuple[Loop, ast.AST]] = []
        self._file = file
        self._lines = lines

    def visit_all(self, node: ast.AST, around: _Around) -> None:
        for child in ast.iter_child_nodes(node):
            self._visit(child, around)

    def _visit(self, node: ast.AST, around: _Around) -> None:
        if isinstance(node, FUNCTIONS):
            self._visit_function(node, around)
        elif isinstance(node, ast.ClassDef):
            for outer in (*node.decorator_list, *node.bases, *node.keywords):
                self._visit(outer, around)
            for statement in node.body:
                self._visit(statement, around.inner(f"{node.name}."))
        elif (kind := loop_kind(node)) is not None:
            body = body_nodes(node)
            self._add(node, kind, around, body)
            inside = _Around(around.name, (self._file, node.lineno, node.col_offset))  # type: ignore[attr-defined]
            for child in _children(node):
                self._visit(child, inside if any(child is each for each in body) else around)
        else:
            self.visit_all(node, around)

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, around: _Around) -> None:
        name = "<lambda>" if isinstance(node, ast.Lambda) else node.name
        inside = around.inner(f"{name}.<locals>.")
        body = [node.body] if isinstance(node, ast.Lambda) else node.body
        for child in ast.iter_child_nodes(node):
            self._visit(child, inside if any(child is each for each in body) else around)

    def _add(self, node: ast.AST, kind: LoopKind, around: _Around, body: list[ast.AST]) -> None:
        line, column = node.lineno, node.col_offset  # type: ignore[attr-defined]
        self.found.append(
            (
                Loop(
                    id=(self._file, line, column),
                    last_line=node.end_lineno or line,  # type: ignore[attr-defined]
                    function=_function(around.name),
                    source=self._header(node),
                    kind=kind,
                    parent=around.parent,
                    body_lines=frozenset(number for part in body for number in _lines(part)),
                ),
                node,
            )
        )

    def _header(self, node: ast.AST) -> str:
        """Return the line of the header; of a comprehension that begins before its `for`, the whole in one line."""
        line = self._lines[node.lineno - 1].strip()  # type: ignore[attr-defined]
        if isinstance(node, COMPREHENSIONS) and " for " not in f" {line} ":
            line = ast.unparse(node)
        return line if len(line) <= _LONGEST_HEADER else f"{line[: _LONGEST_HEADER - 1]}…"


def _function(prefix: str) -> str:
    return prefix.removesuffix(".").removesuffix(".<locals>") or "<module>"


def loop_kind(node: ast.AST) -> LoopKind | None:
    """Return the kind of loop that a node is, or None."""
    if isinstance(node, ast.For):
        rows = (each for each in ast.walk(node.iter) if isinstance(each, ast.Call))
        return "rows" if any(_method(call) in ("itertuples", "iterrows") for call in rows) else "for"
    if isinstance(node, ast.AsyncFor):
        return "for"
    if isinstance(node, ast.While):
        return "while"
    if isinstance(node, COMPREHENSIONS):
        return "comprehension"
    if isinstance(node, ast.Call):
        return _call_kind(node)
    return None


def _call_kind(node: ast.Call) -> LoopKind | None:
    if isinstance(node.func, ast.Name):
        return "map" if node.func.id in ("map", "filter") and len(node.args) > 1 else None
    method = _method(node)
    if not node.args or isinstance(node.args[0], ast.Constant):
        return None
    if method in ("apply", "applymap"):
        return "apply"
    is_column = isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Subscript)
    return "apply" if method == "map" and is_column and len(node.args) == 1 else None


def _method(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""


def body_nodes(node: ast.AST) -> list[ast.AST]:
    """Return the children of a loop that every iteration runs."""
    if isinstance(node, (ast.For, ast.AsyncFor)):
        return list(node.body)
    if isinstance(node, ast.While):
        return [node.test, *node.body]
    if isinstance(node, COMPREHENSIONS):
        first, *others = node.generators
        value: list[ast.AST] = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        return [*value, *first.ifs, *others]
    if isinstance(node, ast.Call):
        return [node.args[0]]
    return []


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the children of a loop, with the parts of the first `for` of a comprehension."""
    for child in ast.iter_child_nodes(node):
        if isinstance(node, COMPREHENSIONS) and child is node.generators[0]:
            yield from ast.iter_child_nodes(child)
        else:
            yield child


def _lines(node: ast.AST) -> Iterator[int]:
    """Yield the lines of a node, without the bodies of functions that it defines."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        yield node.lineno
        return
    if not isinstance(node, (ast.stmt, ast.ExceptHandler, ast.match_case)):
        yield from _expression_lines(node)
        return
    for child in ast.iter_child_nodes(node):
        yield from _lines(child)
    if isinstance(node, (ast.stmt, ast.ExceptHandler)):
        last = node.lineno if _has_suite(node) else node.end_lineno or node.lineno
        yield from range(node.lineno, last + 1)


def _has_suite(node: ast.AST) -> bool:
    return any(hasattr(node, name) for name in ("body", "cases"))


def _expression_lines(node: ast.AST) -> Iterator[int]:
    for each in ast.walk(node):
        if isinstance(each, (ast.expr, ast.keyword, ast.arg)):
            yield from range(each.lineno, (each.end_lineno or each.lineno) + 1)
