"""Decide if a script can replace an object that calls share, in its module and without a change in the user's code.

The object has to be a plain global of the target's own module, created by the only assignment to its name. If anything
is unclear, it is not replaced.
"""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path, PurePath
from types import CodeType, ModuleType
from typing import Any, NamedTuple

from advisor.measure.introspection import module_namespace, module_origin
from advisor.models import Touch
from advisor.models.resources.effects import RESOURCES
from advisor.models.resources.types import resource_of_type
from advisor.models.touch import is_simple_call

_MAX_SOURCE = 2**20  # bytes
_PLAIN = (str, bytes, int, float, bool, type(None), PurePath, tuple)
_TEMPORARY = ("tempfile",)
_Function = ast.FunctionDef | ast.AsyncFunctionDef


class Load(NamedTuple):
    """Code that loads an object, the name that it uses, and the code's globals."""

    name: str
    is_global: bool
    code: CodeType
    scope: dict[str, Any]


def with_replacement(touch: Touch, thing: Any, loads: Sequence[Load], target: Callable[..., Any]) -> Touch:
    """Return the touch with what a script needs to replace the object; unchanged if that is unclear.

    Args:
        touch: The touch of the object.
        thing: The object.
        loads: The code with which calls load it.
        target: The function that is advised on.
    """
    row = RESOURCES[touch.resource]
    with suppress(Exception):  # the source is missing, or the user's objects raise
        module = _own_module(touch.name, thing, loads, target)
        if module is None or not (row.per_thread or row.writing):
            return touch
        source = _Source(module, touch.name, {load.code for load in loads})
        making = source.assigned_call()
        if making is None or source.uses is None:
            return touch
        can_make = row.per_thread and touch.spawn == "safe" and source.is_used_by_calls_alone()
        known = {
            "module": module.__name__,
            "made_by": ast.unparse(making) if can_make and _is_made_anew(making, source) else "",
            "only_written": all(map(_is_writing(row.writing), source.uses)) and bool(source.uses),
        }
        return Touch(**(touch.model_dump() | known))
    return touch


def confirmed(touch: Touch) -> Touch:
    """Return the touch, without code for a script unless the source of the loaded module confirms it.

    A saved profile may come from an untrusted source, so its code must not get into a script unchecked.
    """
    module = sys.modules.get(touch.module)
    with suppress(Exception):  # the source is missing
        if module is not None and vars(module)[touch.name] is not None:
            making = _Source(module, touch.name, set()).assigned_call()
            if making is not None and touch.made_by in ("", ast.unparse(making)):
                return touch
    return touch.without_code()


def _own_module(name: str, thing: Any, loads: Sequence[Load], target: Callable[..., Any]) -> ModuleType | None:
    """Return the target's module if the object is a global of that module and of no other user module."""
    module = sys.modules.get(getattr(target, "__module__", None) or "")
    if module is None or module.__name__ == "__main__" or vars(module).get(name) is not thing:
        return None
    if any(load.name != name or not load.is_global or load.scope is not vars(module) for load in loads):
        return None
    others = [other for key, other in list(sys.modules.items()) if other is not module and module_origin(key) == "user"]
    is_elsewhere = any(value is thing for other in others for value in list(module_namespace(other).values()))
    return None if is_elsewhere else module


class _Source:
    """The source of a module, and where it uses a global."""

    def __init__(self, module: ModuleType, name: str, codes: set[CodeType]) -> None:
        self.module, self.name = module, name
        self.tree = parse(str(module.__file__))
        self.parents = {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}
        loads = [node for node in ast.walk(self.tree) if isinstance(node, ast.Name) and node.id == name]
        loads = [node for node in loads if isinstance(node.ctx, ast.Load)]
        functions = {node: code for code in codes for node in ast.walk(self.tree) if is_code_of(code, node)}
        self._in_calls = [node for node in loads if any(each in functions for each in self.ancestors(node))]
        self._elsewhere = [node for node in loads if node not in self._in_calls]
        # How each place in the calls uses it, nearest first; None if some function is not found in the source.
        is_complete = set(functions.values()) == codes and len(functions) == len(codes)
        self.uses = [[node, *self.ancestors(node)] for node in self._in_calls] if is_complete else None

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        while (parent := self.parents.get(node)) is not None:
            yield parent
            node = parent

    def assigned_call(self) -> ast.Call | None:
        """Return the call that the module assigns to the name, if nothing else can bind it."""
        if not is_bound_once(self.tree, self.name):
            return None
        for statement in self.tree.body:
            targets = statement.targets if isinstance(statement, ast.Assign) else []
            if isinstance(statement, ast.AnnAssign):
                targets = [statement.target]
            if len(targets) == 1 and isinstance(targets[0], ast.Name) and targets[0].id == self.name:
                value = getattr(statement, "value", None)
                return value if isinstance(value, ast.Call) else None
        return None

    def is_used_by_calls_alone(self) -> bool:
        """Return True if only the calls use the object, and only take its attributes or enter it."""
        in_calls = all(self._is_proxied(node) for node in self._in_calls)
        return in_calls and all(self._closes(node) for node in self._elsewhere)

    def _is_proxied(self, node: ast.Name) -> bool:
        parent = self.parents[node]
        if isinstance(parent, ast.withitem):
            return parent.context_expr is node
        return isinstance(parent, ast.Attribute) and not self._is_set(parent)

    def _is_set(self, node: ast.AST) -> bool:
        """Return True if an attribute or element of it, however deep, is set or deleted."""
        while isinstance(node, (ast.Attribute, ast.Subscript)):
            if not isinstance(node.ctx, ast.Load):
                return True
            node = self.parents[node]
        return False

    def _closes(self, node: ast.Name) -> bool:
        parent = self.parents[node]
        return isinstance(parent, ast.Attribute) and parent.attr == "close"


@functools.lru_cache(maxsize=4)
def parse(file: str) -> ast.Module:
    """Return the syntax tree of a source file.

    Raises:
        ValueError: The file is too large to parse.
    """
    source = Path(file).read_bytes()
    if len(source) > _MAX_SOURCE:
        raise ValueError("too long to look at")
    return ast.parse(source)


def is_code_of(code: CodeType, node: ast.AST) -> bool:
    """Return True if a node defines the function that a code object belongs to."""
    if not isinstance(node, _Function) or node.name != code.co_name:
        return False
    return code.co_firstlineno == first_line(node)


def first_line(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the first line of a function, with its decorators, as its code object has it."""
    return min([node.lineno, *(each.lineno for each in node.decorator_list)])


def is_bound_once(tree: ast.Module, name: str) -> bool:
    """Return True if one place in the module's own code binds a name, and no function can rebind it."""
    count = 0
    for node, in_function in _nodes(tree, in_function=False):
        if isinstance(node, ast.Global) and name in node.names:
            return False
        if isinstance(node, ast.alias) and node.name == "*":
            return False
        if not in_function:
            count += name in _bound_by(node)
    return count == 1


def _nodes(node: ast.AST, *, in_function: bool) -> Iterator[tuple[ast.AST, bool]]:
    """Yield all nodes, and whether they are in a scope of their own within the module."""
    for child in ast.iter_child_nodes(node):
        yield child, in_function
        has_scope = isinstance(child, (_Function, ast.Lambda, ast.ClassDef))
        yield from _nodes(child, in_function=in_function or has_scope)


def _bound_by(node: ast.AST) -> Iterable[str]:
    if isinstance(node, ast.Name):
        return [] if isinstance(node.ctx, ast.Load) else [node.id]
    if isinstance(node, ast.alias):
        return [node.asname or node.name.partition(".")[0]]
    names = (getattr(node, "name", None), getattr(node, "rest", None))  # definitions, handlers and patterns
    return [name for name in names if isinstance(name, str)]


def _is_writing(methods: frozenset[str]) -> Callable[[Sequence[ast.AST]], bool]:
    """Return a predicate: a use of the object calls one of these methods, or prints to it, as a statement."""

    def is_writing(use: Sequence[ast.AST]) -> bool:
        _, taken, call, statement = use[:4]
        if not isinstance(call, ast.Call) or not isinstance(statement, ast.Expr):
            return False
        if isinstance(taken, ast.keyword):  # print(…, file=SINK)
            prints = isinstance(call.func, ast.Name) and call.func.id == "print" and taken.arg == "file"
            return prints and "write" in methods
        return isinstance(taken, ast.Attribute) and call.func is taken and taken.attr in methods

    return is_writing


def _is_made_anew(making: ast.Call, source: _Source) -> bool:
    """Return True if evaluating the call again creates an equivalent object.

    It may use constants, and what the module bound once: modules, classes and functions of libraries, plain values.
    """
    if not is_simple_call(ast.unparse(making)):
        return False
    scope = vars(source.module)
    parts = list(ast.walk(making))
    for node in parts:
        if isinstance(node, ast.Name) and node.id in scope:
            is_fixed = node.id == "__file__" or isinstance(scope[node.id], ModuleType)
            if not is_fixed and not is_bound_once(source.tree, node.id):
                return False
            if hasattr(builtins, node.id) or not _is_known(_value(node, source)):
                return False
        elif isinstance(node, ast.Name) and not hasattr(builtins, node.id):
            return False
    functions = [part.func for part in parts if isinstance(part, ast.Call)]
    return all(_is_of_library(function, scope) for function in functions)


def _value(node: ast.AST, source: _Source) -> Any:
    """Return the value of the dotted name that begins with this name in the source."""
    assert isinstance(node, ast.Name)
    value: Any = vars(source.module)[node.id]
    outer = source.parents.get(node)
    while isinstance(outer, ast.Attribute):
        if isinstance(value, _PLAIN):
            return value
        value = inspect.getattr_static(value, outer.attr)
        outer = source.parents.get(outer)
    return value


def _is_known(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_known, value))
    if isinstance(value, _PLAIN):
        return True
    if resource_of_type(type(value)):
        return False
    return isinstance(value, (ModuleType, type, staticmethod, classmethod)) or callable(value)


def _is_of_library(function: ast.expr, scope: dict[str, Any]) -> bool:
    """Return True if a function comes from a library, and does not create something temporary."""
    names: list[str] = []
    while isinstance(function, ast.Attribute):
        names.insert(0, function.attr)
        function = function.value
    if isinstance(function, ast.Call):
        return _is_of_library(function.func, scope)
    if not isinstance(function, ast.Name):
        return False
    value = scope.get(function.id, getattr(builtins, function.id, None))
    for name in names:
        value = inspect.getattr_static(value, name)
        value = value.__func__ if isinstance(value, (staticmethod, classmethod)) else value
    module = getattr(value, "__module__", None) or getattr(getattr(value, "__objclass__", None), "__module__", "")
    return callable(value) and module_origin(module) != "user" and module not in _TEMPORARY
