"""Stretches of whole statements in a source file, which a lock can be put around."""

from __future__ import annotations

import ast
import itertools
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import StringIO

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
_BLOCKS = ("body", "orelse", "finalbody")
_YIELDS = (ast.Yield, ast.YieldFrom, ast.Await, ast.AsyncFor, ast.AsyncWith)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Whole statements of one block of a function, from the first line to the last."""

    file: str
    function: str
    first_line: int
    last_line: int

    def contains(self, file: str, line: int) -> bool:
        """Return True if the line is one of the stretch."""
        return file == self.file and self.first_line <= line <= self.last_line

    def overlaps(self, other: Stretch) -> bool:
        """Return True if both have a line."""
        return self.contains(other.file, other.first_line) or other.contains(self.file, self.first_line)

    def follows(self, other: Stretch) -> bool:
        """Return True if no line is between both."""
        first, second = sorted((self, other), key=lambda each: each.first_line)
        return self.file == other.file and self.function == other.function and first.last_line + 1 == second.first_line

    @property
    def lines(self) -> int:
        return self.last_line - self.first_line + 1


class SourceFile:
    """The syntax tree of a file.

    Raises:
        SyntaxError: The text is no Python.
    """

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.tree = ast.parse(text)
        self.lines = [line.rstrip("\r\n") for line in lines_of(text)]
        self.functions = [node for node in ast.walk(self.tree) if isinstance(node, FunctionNode)]

    def function_at(self, line: int) -> FunctionNode | None:
        """Return the innermost function that has the line."""
        around = [node for node in self.functions if _first_line(node) <= line <= _last_line(node)]
        return min(around, key=lambda node: _last_line(node) - _first_line(node), default=None)

    def cover(self, lines: Iterable[int]) -> Stretch | None:
        """Return the smallest stretch with all these lines of one function; None if there is none."""
        wanted = sorted(set(lines))
        function = self.function_at(wanted[0])
        if function is None or any(self.function_at(line) is not function for line in wanted):
            return None
        blocks = list(self._blocks_with(function.body, wanted))
        for block in reversed(blocks):
            inside = [number for number, node in enumerate(block) if _has_any(node, wanted)]
            if inside and (found := self._stretch(function, block, inside[0], inside[-1])) is not None:
                return found
        return None

    def wider(self, stretch: Stretch) -> Stretch | None:
        """Return the block of a stretch or, if it is all of it, the statement around; None for a whole function.

        A function's documentation and its declarations of globals stay outside.
        """
        function = self.function_at(stretch.first_line)
        if function is None:
            return None
        blocks = list(self._blocks_with(function.body, range(stretch.first_line, stretch.last_line + 1)))
        lines = (stretch.first_line, stretch.last_line)
        for block in reversed(blocks):
            inside = [number for number, node in enumerate(block) if _has_any(node, lines)]
            start = _code_start(block) if block is function.body else 0
            for first, last in ((inside[0], inside[-1]), (min(start, inside[0]), len(block) - 1)):
                found = self._stretch(function, block, first, last)
                if found is not None and found.lines > stretch.lines:
                    return found
        return None

    def narrower(self, stretch: Stretch) -> list[Stretch]:
        """Return the stretch without its first statement, and without its last."""
        function = self.function_at(stretch.first_line)
        if function is None:
            return []
        blocks = self._blocks_with(function.body, range(stretch.first_line, stretch.last_line + 1))
        block = list(blocks)[-1]
        inside = [number for number, node in enumerate(block) if stretch.contains(self.path, _first_line(node))]
        if len(inside) < 2:
            return []
        ends = ((inside[1], inside[-1]), (inside[0], inside[-2]))
        found = (self._stretch(function, block, *end) for end in ends)
        return [each for each in found if each is not None and each.lines < stretch.lines]

    def nodes(self, stretch: Stretch) -> list[ast.AST]:
        """Return the nodes of a stretch."""
        return [
            node
            for node in ast.walk(self.tree)
            if isinstance(node, (ast.stmt, ast.expr, ast.ExceptHandler))
            and stretch.contains(self.path, node.lineno)
            and stretch.contains(self.path, node.end_lineno or node.lineno)
        ]

    def names_in(self, stretch: Stretch) -> set[str]:
        """Return the names and attributes that a stretch uses."""
        nodes = self.nodes(stretch)
        names = {node.id for node in nodes if isinstance(node, ast.Name)}
        return names | {node.attr for node in nodes if isinstance(node, ast.Attribute)}

    def knows(self, lock: str, stretches: Iterable[Stretch]) -> bool:
        """Return True if `lock` names something in all stretches: a global, or an attribute of the first argument."""
        root = lock.partition(".")[0]
        if any(isinstance(node, ast.Name) and node.id == root for node in self._global_targets()):
            return True
        functions = [self.function_at(stretch.first_line) for stretch in stretches]
        first = [function.args.args[:1] for function in functions if function is not None]
        return all(names and names[0].arg == root for names in first)

    def _global_targets(self) -> Iterator[ast.AST]:
        for statement in self.tree.body:
            if isinstance(statement, (ast.Assign, ast.AnnAssign)):
                yield from getattr(statement, "targets", [getattr(statement, "target", None)])

    def suspends(self, stretch: Stretch) -> bool:
        """Return True if the function yields or awaits within the stretch."""
        function = self.function_at(stretch.first_line)
        if function is None:
            return False
        return any(
            isinstance(node, _YIELDS) and stretch.contains(self.path, node.lineno) for node in _own_nodes(function)
        )

    @cached_property
    def frozen_lines(self) -> frozenset[int]:
        """Lines that begin within a string, whose indentation is part of it."""
        frozen: set[int] = set()
        opened: list[int] = []
        for token in tokenize.generate_tokens(StringIO(self.text).readline):
            if token.type == tokenize.STRING:
                frozen.update(range(token.start[0] + 1, token.end[0] + 1))
            elif tokenize.tok_name[token.type] in ("FSTRING_START", "TSTRING_START"):
                opened.append(token.start[0])
            elif tokenize.tok_name[token.type] in ("FSTRING_END", "TSTRING_END"):
                frozen.update(range(opened.pop() + 1, token.end[0] + 1))
        return frozenset(frozen)

    def callers(self, name: str) -> list[int]:
        """Return the lines of functions that call something of this name."""
        calls = (node for function in self.functions for node in _own_nodes(function) if isinstance(node, ast.Call))
        named = (node for node in calls if called_name(node) == name)
        return sorted({node.lineno for node in named})

    def _blocks_with(self, block: Sequence[ast.stmt], lines: Sequence[int]) -> Iterator[Sequence[ast.stmt]]:
        """Yield the block and, inward, those in it that have all the lines."""
        yield block
        holder = next((node for node in block if _has_all(node, lines)), None)
        if holder is None or isinstance(holder, _SCOPES):
            return
        for inner in _inner_blocks(holder):
            if _first_line(inner[0]) <= lines[0] and lines[-1] <= _last_line(inner[-1]):
                yield from self._blocks_with(inner, lines)
                return

    def _stretch(self, function: FunctionNode, block: Sequence[ast.stmt], start: int, stop: int) -> Stretch | None:
        """Return the statements from `start` to `stop` as a stretch; None if a `with` cannot be put around them."""
        while start > 0 and _last_line(block[start - 1]) == _first_line(block[start]):
            start -= 1  # a; b
        while stop + 1 < len(block) and _first_line(block[stop + 1]) == _last_line(block[stop]):
            stop += 1
        first = block[start]
        if self.lines[_first_line(first) - 1][: _first_column(first)].strip() or self._is_elif(first):
            return None
        return Stretch(self.path, function.name, _first_line(first), _last_line(block[stop]))

    def _is_elif(self, node: ast.stmt) -> bool:
        return isinstance(node, ast.If) and self.lines[node.lineno - 1].lstrip().startswith("elif")


def lines_of(text: str) -> list[str]:
    """Return the lines of a module with their ends, as Python's parser counts them."""
    return StringIO(text, newline="").readlines()


def called_name(node: ast.Call) -> str:
    """Return the last part of the name by which a call names its function."""
    function = node.func
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def merged(stretches: Iterable[Stretch], sources: dict[str, SourceFile]) -> tuple[Stretch, ...]:
    """Return stretches that have no line in common, in the order of the files."""
    pending, found = list(stretches), []
    while pending:
        stretch = pending.pop()
        other = next((each for each in pending if each.overlaps(stretch) or each.follows(stretch)), None)
        if other is None:
            found.append(stretch)
            continue
        pending.remove(other)
        ends = (stretch.first_line, stretch.last_line, other.first_line, other.last_line)
        both = sources[stretch.file].cover((min(ends), max(ends)))
        is_same = both is not None and both.lines == stretch.lines + other.lines
        if is_same or stretch.overlaps(other):
            pending.append(both or max(stretch, other, key=lambda each: each.lines))
        else:
            found.append(stretch)
            pending.append(other)
    return tuple(sorted(found, key=lambda each: (each.file, each.first_line)))


def _own_nodes(function: FunctionNode) -> Iterator[ast.AST]:
    """Yield the nodes of a function without those of functions in it."""
    pending: list[ast.AST] = list(function.body)
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, _SCOPES):
            pending.extend(ast.iter_child_nodes(node))


def _inner_blocks(node: ast.stmt) -> Iterator[Sequence[ast.stmt]]:
    blocks = [getattr(node, name, None) for name in _BLOCKS]
    parts = itertools.chain(getattr(node, "handlers", ()), getattr(node, "cases", ()))
    yield from (block for block in (*blocks, *(part.body for part in parts)) if block)


def _code_start(block: Sequence[ast.stmt]) -> int:
    """Return the number of the first statement that does something."""
    for number, node in enumerate(block[:-1]):
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not is_text and not isinstance(node, (ast.Global, ast.Nonlocal)):
            return number
    return len(block) - 1


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _first_column(node: ast.stmt) -> int:
    return node.col_offset  # that of a decorated function is the decorator's


def _last_line(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def _has_any(node: ast.stmt, lines: Sequence[int]) -> bool:
    return any(_first_line(node) <= line <= _last_line(node) for line in lines)


def _has_all(node: ast.stmt, lines: Sequence[int]) -> bool:
    return all(_first_line(node) <= line <= _last_line(node) for line in lines)
