"""Tell which lines of a function hold a lock, and whether it tells threads or processes apart by their ids."""

from __future__ import annotations

import ast
import inspect
import linecache
from collections.abc import Collection
from contextlib import suppress
from types import CodeType

THREAD_IDS = frozenset({"get_ident", "get_native_id", "current_thread"})  # by which threads find their own objects
PROCESS_IDS = frozenset({"getpid"})
_BY_KEY = frozenset({"get", "setdefault", "pop"})  # methods whose argument is a key


class FunctionSource:
    """A function's syntax tree. Without it, whatever the function mentions counts as used to protect all of it."""

    def __init__(self, code: CodeType) -> None:
        """Parse the source of a function, as far as there is one."""
        self.parents: dict[ast.AST, ast.AST] = {}
        self._end = 0
        with suppress(Exception):  # there is no source, or a part that cannot be parsed by itself
            first = code.co_firstlineno
            lines = inspect.getblock(linecache.getlines(code.co_filename)[first - 1 :])
            opening = "if True:\n" if lines[0][:1].isspace() else "\n"  # of a method, the source is indented
            tree = ast.increment_lineno(ast.parse(opening + "".join(lines)), first - 2)
            self.parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
            self._end = first + len(lines)

    def locked_lines(self, lock: str) -> list[range]:
        """Return the lines that run while a lock is held, of which the last part of its name is known."""
        nodes = self._mentions({lock})
        return [self._held_from(node) for node in nodes] if nodes else [range(1 << 31)]

    def _held_from(self, node: ast.expr) -> range:
        parent = self.parents[node]
        if isinstance(parent, ast.withitem):
            block = self.parents[parent]
            return range(node.lineno, getattr(block, "end_lineno", 0) + 1)
        if not isinstance(parent, ast.Attribute):  # it gets another name, or is passed to something that may take it
            return range(node.lineno, self._end)
        if parent.attr != "acquire":
            return range(0)
        return range(node.lineno, max((other.lineno for other in self._mentions({"release"})), default=self._end))

    def tells_apart(self, ids: Collection[str]) -> bool:
        """Return True if what one of the functions returns is compared, or is a key."""
        mentions = [self._is_key(node, set()) for node in self._mentions(ids)]
        return any(mentions) if self.parents else bool(ids)

    def _is_key(self, node: ast.AST, seen: set[str]) -> bool:
        while (parent := self.parents.get(node)) is not None and not isinstance(node, ast.stmt):
            match parent:
                case ast.Compare():
                    return True
                case ast.Subscript(slice=key) if key is node:
                    return True
                case ast.Dict(keys=keys) if node in keys:
                    return True
                case ast.Call(func=ast.Attribute(attr=method), args=[key, *_]) if method in _BY_KEY and key is node:
                    return True
                case ast.Assign(targets=[ast.Name(id=name)]) | ast.NamedExpr(target=ast.Name(id=name)):
                    uses = [] if name in seen else self._mentions({name})
                    seen.add(name)
                    if any(self._is_key(use, seen) for use in uses):
                        return True
            node = parent
        return False

    def _mentions(self, names: Collection[str]) -> list[ast.Name | ast.Attribute]:
        """Return the variables and attributes of these names that the function reads."""
        nodes = [node for node in self.parents if isinstance(node, (ast.Name, ast.Attribute))]
        reads = [node for node in nodes if isinstance(node.ctx, ast.Load)]
        return [node for node in reads if (node.id if isinstance(node, ast.Name) else node.attr) in names]
