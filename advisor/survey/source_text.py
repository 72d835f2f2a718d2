"""Write statements as text: those of the source as they stand there, new ones in Python's own form."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Sequence

from advisor.survey.scopes import Module

UNIT = "    "
_SINGLE_QUOTED = re.compile(r"""([rbuRBU]?)'([^'"\\{}]*)'""")


class SourceText:
    """Writes statements of a module and changed copies of them."""

    def __init__(self, module: Module) -> None:
        self._lines = module.lines
        self._originals = {id(node) for node in ast.walk(module.tree)}
        self._parents = module.parents

    def block(self, statements: Iterable[ast.stmt], indent: str) -> list[str]:
        """Return the lines of some statements at an indentation."""
        lines: list[str] = []
        for statement in statements:
            lines += self.statement(statement, indent)
        return lines or [f"{indent}pass"]

    def statement(self, node: ast.stmt, indent: str) -> list[str]:
        """Return the lines of a statement."""
        if id(node) in self._originals and self._can_copy(node):
            return self._copied(node, indent)
        match node:
            case ast.If():
                return self._if(node, indent, "if")
            case ast.For():
                header = f"for {bare(node.target)} in {unparsed(node.iter)}:"
                return [f"{indent}{header}", *self.block(node.body, indent + UNIT)]
            case ast.With():
                items = ", ".join(map(unparsed, node.items))
                return [f"{indent}with {items}:", *self.block(node.body, indent + UNIT)]
            case ast.Try():
                return self._try(node, indent)
            case ast.Return(value=ast.Tuple()):
                assert node.value is not None
                return [f"{indent}return {bare(node.value)}"]
            case _:
                text = unparsed(ast.fix_missing_locations(node))
                return [f"{indent}{line}" for line in text.splitlines()]

    def _can_copy(self, node: ast.stmt) -> bool:
        """Return True if the lines of a statement are its own, and can be indented anew."""
        first = self._lines[node.lineno - 1]
        last = self._lines[(node.end_lineno or node.lineno) - 1]
        before = first.encode()[: node.col_offset].decode()
        after = last.encode()[node.end_col_offset or 0 :].decode().strip()
        if before.strip() or (after and not after.startswith("#")):
            return False
        texts = (each for each in ast.walk(node) if isinstance(each, (ast.Constant, ast.JoinedStr)))
        return all(each.lineno == each.end_lineno for each in texts)

    def _copied(self, node: ast.stmt, indent: str) -> list[str]:
        start = _comments_before(self._lines, node)
        lines = self._lines[start : node.end_lineno]
        return [_moved(line, node.col_offset, indent) for line in lines]

    def _if(self, node: ast.If, indent: str, word: str) -> list[str]:
        lines = [f"{indent}{word} {unparsed(node.test)}:", *self.block(node.body, indent + UNIT)]
        if len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
            return lines + self._if(node.orelse[0], indent, "elif")
        if node.orelse:
            lines += [f"{indent}else:", *self.block(node.orelse, indent + UNIT)]
        return lines

    def _try(self, node: ast.Try, indent: str) -> list[str]:
        lines = [f"{indent}try:", *self.block(node.body, indent + UNIT)]
        for handler in node.handlers:
            kind = f" {unparsed(handler.type)}" if handler.type is not None else ""
            name = f" as {handler.name}" if handler.name else ""
            lines += [f"{indent}except{kind}{name}:", *self.block(handler.body, indent + UNIT)]
        for word, body in (("else", node.orelse), ("finally", node.finalbody)):
            if body:
                lines += [f"{indent}{word}:", *self.block(body, indent + UNIT)]
        return lines


def unparsed(node: ast.AST) -> str:
    """Return the text of a node with double quotes around strings, as far as they need no escapes."""
    text = ast.unparse(node)
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except tokenize.TokenError:
        return text
    lines = text.splitlines(keepends=True)
    for token in reversed(tokens):
        match = _SINGLE_QUOTED.fullmatch(token.string) if token.type == tokenize.STRING else None
        if match and token.start[0] == token.end[0]:
            row, start, end = token.start[0] - 1, token.start[1], token.end[1]
            lines[row] = f'{lines[row][:start]}{match[1]}"{match[2]}"{lines[row][end:]}'
    return "".join(lines)


def bare(node: ast.expr) -> str:
    """Return the text of a tuple without parentheses, and of anything else as it is."""
    if isinstance(node, ast.Tuple) and len(node.elts) > 1:
        return ", ".join(map(unparsed, node.elts))
    return unparsed(node)


def _comments_before(lines: Sequence[str], node: ast.stmt) -> int:
    """Return the index of the first line of a statement, or of the comment right before it."""
    start = node.lineno - 1
    while start > 0 and lines[start - 1].strip().startswith("#"):
        start -= 1
    return start


def _moved(line: str, column: int, indent: str) -> str:
    if not line.strip():
        return ""
    margin = line[:column]
    return f"{indent}{line[column:] if not margin.strip() else line.lstrip()}"
