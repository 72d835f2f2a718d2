"""Resolve the names in a program's modules, as far as the source tells."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from itertools import takewhile
from pathlib import PurePath
from typing import TypeAlias

from advisor.survey.loops import COMPREHENSIONS, FUNCTIONS, parsed

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Scope: TypeAlias = Function | ast.Module

_BUILTINS = frozenset(dir(builtins))
_MOST_HOPS = 4  # from package to package, to where a name is defined


class Module:
    """A module's tree, with the parents of nodes and what its names are bound to."""

    def __init__(self, source: str, file: str) -> None:
        self.file = file
        self.source = source
        self.lines = source.splitlines()
        self.tree = parsed(source) or ast.Module(body=[], type_ignores=[])
        self._bindings: dict[Scope, dict[str, list[ast.AST]]] = {}
        self._attributes: dict[ast.ClassDef, dict[str, list[ast.Attribute]]] = {}

    @property
    def stem(self) -> str:
        """The name of the file without folders and suffix."""
        return self.file.replace("\\", "/").rpartition("/")[2].removesuffix(".py")

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield the nodes around a node, the nearest first."""
        while (above := self.parents.get(node)) is not None:
            yield above
            node = above

    def scope(self, node: ast.AST) -> Scope:
        """Return the nearest function around a node, or the module."""
        return next((each for each in self.ancestors(node) if isinstance(each, FUNCTIONS)), self.tree)

    def owner(self, node: ast.AST) -> ast.ClassDef | None:
        """Return the class in whose method a node is."""
        for each in self.ancestors(node):
            if isinstance(each, ast.ClassDef):
                return each
        return None

    def bindings(self, scope: Scope) -> dict[str, list[ast.AST]]:
        """Return the names that a scope binds, with the nodes that bind them."""
        if scope not in self._bindings:
            self._bindings[scope] = _bindings(scope)
        return self._bindings[scope]

    def resolve(self, name: str, scope: Scope) -> tuple[Scope | None, list[ast.AST]]:
        """Return the scope that a name belongs to, and the nodes that bind it there; no scope for a builtin."""
        at = scope
        while not isinstance(at, ast.Module):
            found = self.bindings(at).get(name)
            if found and not any(isinstance(node, ast.Global) for node in found):
                if not any(isinstance(node, ast.Nonlocal) for node in found):
                    return at, found
            elif found:
                break
            at = self.scope(at)
        found = self.bindings(self.tree).get(name, [])
        if found or name not in _BUILTINS:
            return self.tree, found
        return None, []

    @cached_property
    def imports(self) -> dict[str, str]:
        """The names that import statements anywhere in the module bind, with the full names of what they import."""
        names: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    top = alias.name.partition(".")[0]
                    names[alias.asname or top] = alias.name if alias.asname else top
            elif isinstance(node, ast.ImportFrom):
                prefix = absolute_name(node, self.file)
                names.update({alias.asname or alias.name: f"{prefix}.{alias.name}" for alias in node.names})
        return names

    def dotted(self, node: ast.AST, scope: Scope) -> str:
        """Return the full name of a builtin or of something imported, such as 'numpy.linalg.norm', or ''."""
        if isinstance(node, ast.Attribute):
            owner = self.dotted(node.value, scope)
            return f"{owner}.{node.attr}" if owner else ""
        if not isinstance(node, ast.Name):
            return ""
        found_in, nodes = self.resolve(node.id, scope)
        if found_in is None:
            return f"builtins.{node.id}"
        if nodes and all(isinstance(each, (ast.Import, ast.ImportFrom)) for each in nodes):
            return self.imports.get(node.id, "")
        return ""

    def assigned_attributes(self, owner: ast.ClassDef) -> dict[str, list[ast.Attribute]]:
        """Return the attributes that the code in a class assigns, of whatever objects, by name."""
        if owner not in self._attributes:
            found = self._attributes[owner] = {}
            for node in ast.walk(owner):
                if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                    found.setdefault(node.attr, []).append(node)
        return self._attributes[owner]

    @cached_property
    def classes(self) -> dict[str, ast.ClassDef]:
        return {node.name: node for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef)}


def absolute_name(node: ast.ImportFrom, file: str) -> str:
    """Return the full name of the module that a statement imports from; one of a package begins with a dot."""
    if not node.level:
        return node.module or ""
    folders = PurePath(file).parts[: -node.level]
    packages = [*takewhile(str.isidentifier, reversed(folders))][::-1]
    return "." + ".".join([*packages, *([node.module] if node.module else [])])


def _bindings(scope: Scope) -> dict[str, list[ast.AST]]:
    names: dict[str, list[ast.AST]] = {}

    def bind(name: str, node: ast.AST) -> None:
        names.setdefault(name, []).append(node)

    if isinstance(scope, FUNCTIONS):
        for argument in parameters(scope):
            bind(argument.arg, argument)
    for node in own_nodes(scope):
        for name in bound_names(node):
            bind(name, node)
    return names


def parameters(function: Function) -> list[ast.arg]:
    """Return the parameters of a function, in their order."""
    spec = function.args
    stars = [each for each in (spec.vararg, spec.kwarg) if each is not None]
    return [*spec.posonlyargs, *spec.args, *spec.kwonlyargs, *stars]


def own_nodes(scope: ast.AST, *, comprehensions: bool = False) -> Iterator[ast.AST]:
    """Yield the nodes of a scope, without those of functions and classes in it; of comprehensions only if asked."""
    body = scope.body if isinstance(scope, (ast.Module, *FUNCTIONS)) else [scope]
    waiting: list[ast.AST] = list(body) if isinstance(body, list) else [body]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            waiting += getattr(node, "decorator_list", [])
            continue
        if isinstance(node, COMPREHENSIONS) and not comprehensions:
            waiting += [each for each in ast.walk(node) if isinstance(each, ast.NamedExpr)]
            continue
        waiting += ast.iter_child_nodes(node)


def bound_names(node: ast.AST) -> list[str]:
    """Return the names that a node itself binds."""
    if isinstance(node, ast.Name):
        return [node.id] if isinstance(node.ctx, (ast.Store, ast.Del)) else []
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return [(alias.asname or alias.name).partition(".")[0] for alias in node.names]
    if isinstance(node, ast.ExceptHandler):
        return [node.name] if node.name else []
    if isinstance(node, (ast.Global, ast.Nonlocal)):
        return list(node.names)
    if isinstance(node, (ast.MatchAs, ast.MatchStar)):
        return [node.name] if node.name else []
    return []


@lru_cache(maxsize=64)
def module_of(source: str, file: str) -> Module:
    """Return the module of a source text, the same one for the same text and file."""
    return Module(source, file)


class Program:
    """The user's modules of a program, by file; functions are found across them."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self.modules = {file: module_of(source, file) for file, source in sources.items()}

    def module_named(self, dotted: str) -> Module | None:
        """Return the module with a name such as 'package.part', by its file; None if there are several."""
        parts = tuple(dotted.lstrip(".").split("."))
        found = []
        for file, module in self.modules.items():
            path = PurePath(file).with_suffix("").parts
            path = path[:-1] if path[-1:] == ("__init__",) else path
            if path[-len(parts) :] == parts:
                found.append(module)
        return found[0] if len(found) == 1 else None

    def definition(self, dotted: str, depth: int = 0) -> tuple[Module, ast.AST] | None:
        """Return the function or class of one of the modules that a full name refers to."""
        owner, _, name = dotted.rpartition(".")
        module = self.module_named(owner) if owner.strip(".") else None
        nodes = module.bindings(module.tree).get(name, []) if module is not None else []
        if module is None or len(nodes) != 1:
            return None
        if isinstance(nodes[0], ast.ImportFrom) and depth < _MOST_HOPS:  # as a package does in its `__init__.py`
            return self.definition(module.imports.get(name, ""), depth + 1)
        is_defined = isinstance(nodes[0], (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        return (module, nodes[0]) if is_defined else None

    @cached_property
    def calls_by_name(self) -> dict[str, list[tuple[Module, ast.Call]]]:
        """The calls in all modules, by the last name of what is called."""
        found: dict[str, list[tuple[Module, ast.Call]]] = {}
        for module in self.modules.values():
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Call):
                    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                    found.setdefault(name, []).append((module, node))
        return found

    def methods(self, name: str) -> list[tuple[Module, ast.FunctionDef | ast.AsyncFunctionDef]]:
        """Return the methods with a name of all classes."""
        return [
            (module, node)
            for module in self.modules.values()
            for owner in module.classes.values()
            for node in owner.body
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name
        ]
