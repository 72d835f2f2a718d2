"""Find the lines of a function that hold a lock, and the checks of thread or process ids."""

from __future__ import annotations

import ast
import inspect
import linecache
from collections.abc import Collection
from contextlib import suppress
from types import CodeType

THREAD_IDS = frozenset({"get_ident", "get_native_id", "current_thread"})  # for objects per thread
PROCESS_IDS = frozenset({"getpid"})
_BY_KEY = frozenset({"get", "setdefault", "pop"})  # methods whose argument is a key


class FunctionSource:
    """A function's syntax tree. Without source, a lock or id that it mentions counts as protecting all of it."""

    def __init__(self, code: CodeType) -> None:
        """Parse the source of a function, if it is available."""
        self.parents: dict[ast.AST, ast.AST] = {}
        self._end = 0
        with suppress(Exception):  # the source is missing, or cannot be parsed on its own
            first = code.co_firstlineno
            lines = inspect.getblock(linecache.getlines(code.co_filename)[first - 1 :])
            opening = "if True:\n" if lines[0][:1].isspace() else "\n"  # the source of a method is indented
            tree = ast.increment_lineno(ast.parse(opening + "".join(lines)), first - 2)
            self.parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
            self._end = first + len(lines)

    def locked_lines(self, lock: str) -> list[range]:
        """Return the lines that run while a lock is held; `lock` is the last part of its name."""
        nodes = self._mentions({lock})
        return [self._held_from(node) for node in nodes] if nodes else [range(1 << 31)]

    def _held_from(self, node: ast.expr) -> range:
        parent = self.parents[node]
        if isinstance(parent, ast.withitem):
            block = self.parents[parent]
            return range(node.lineno, getattr(block, "end_lineno", 0) + 1)
        if not isinstance(parent, ast.Attribute):  # it is assigned or passed on, and may be acquired there
            return range(node.lineno, self._end)
        if parent.attr != "acquire":
            return range(0)
        return range(node.lineno, max((other.lineno for other in self._mentions({"release"})), default=self._end))

    def tells_apart(self, ids: Collection[str]) -> bool:
        """Return True if the function compares an id that one of the functions returns, or uses it as a key."""
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
        """Return the nodes where the function reads variables and attributes with these names."""
        nodes = [node for node in self.parents if isinstance(node, (ast.Name, ast.Attribute))]
        reads = [node for node in nodes if isinstance(node.ctx, ast.Load)]
        return [node for node in reads if (node.id if isinstance(node, ast.Name) else node.attr) in names]
