"""Find the user's own modules that a function needs, and the installed packages that those import."""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec
from pathlib import Path
from types import FunctionType
from typing import Any, NamedTuple

from advisor.measure.imported_modules import modules as modules_named_by
from advisor.measure.introspection import plain_function

MAX_MODULES = 1_000
_INSTALLED = {"site-packages", "dist-packages"}
_ADVISOR = __name__.partition(".")[0]


class Source(NamedTuple):
    """The source of a module: its text, its file here, and whether it is a package."""

    text: bytes
    file: str
    package: bool


@dataclass
class Needs:
    """The modules and packages that a function needs on a worker.

    Attributes:
        sources: The user's modules by name.
        compiled: The user's modules that have no source: extension modules.
        packages: Top-level names of installed packages that are imported with the modules.
        later: The same of those that are imported later, if at all.
    """

    sources: dict[str, Source] = field(default_factory=dict)
    compiled: set[str] = field(default_factory=set)
    packages: set[str] = field(default_factory=set)
    later: set[str] = field(default_factory=set)


def find_needs(function: Callable[..., Any]) -> Needs:
    """Return what a function needs; nothing is imported to find it."""
    return _find_needs(_first_modules(function))


def find_module_needs(module: str) -> Needs:
    """Return what a module needs to be imported."""
    return _find_needs([module])


def _find_needs(modules: Iterable[str]) -> Needs:
    needs = Needs()
    pending = deque((name, True) for name in modules)
    seen: set[str] = set()
    while pending and len(seen) < MAX_MODULES:
        name, at_once = pending.popleft()
        if name in seen:
            continue
        seen.add(name)
        origin = _find(name)
        if origin == "installed":
            (needs.packages if at_once else needs.later).add(name.partition(".")[0])
        elif origin == "compiled":
            needs.compiled.add(name)
        elif isinstance(origin, Source):
            needs.sources[name] = origin
            pending += [(each, at_once) for each in _parents(name)]
            pending += [(each, at_once and soon) for each, soon in _imports(name, origin)]
    needs.later -= needs.packages
    return needs


def _first_modules(function: Callable[..., Any]) -> Iterator[str]:
    """Yield the names of the function's own module, unless it is `__main__`, and of those that its code names."""
    plain = plain_function(function)
    module = str(getattr(plain or function, "__module__", None) or type(function).__module__)
    if module != "__main__":
        yield module
    if not isinstance(function, FunctionType):
        yield str(type(function).__module__)
    yield from modules_named_by(function)


def _find(name: str) -> Source | str:
    """Return the source of a user's module, or "installed", "compiled" or "" (of the standard library, or nowhere)."""
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names or top in ("__main__", _ADVISOR):
        return ""
    spec = _spec(name)
    if spec is None:
        return ""
    file = spec.origin if spec.has_location else None
    where = [file] if file else list(spec.submodule_search_locations or ())
    if any(_INSTALLED & set(Path(each).parts) for each in where if each):
        return "installed"
    if file is None:  # a namespace package, or built in
        return Source(b"", "", package=True) if where else ""
    if file.endswith(tuple(EXTENSION_SUFFIXES)):
        return "compiled"
    try:
        return Source(Path(file).read_bytes(), file, spec.submodule_search_locations is not None)
    except OSError:
        return "compiled"


def _spec(name: str) -> ModuleSpec | None:
    """Return the spec of a module without importing its parents."""
    loaded = sys.modules.get(name)
    if loaded is not None and getattr(loaded, "__spec__", None) is not None:
        return loaded.__spec__
    parent, _, _ = name.rpartition(".")
    try:
        if not parent:
            return importlib.util.find_spec(name)
        path = getattr(_spec(parent), "submodule_search_locations", None)
        found = (finder.find_spec(name, path, None) for finder in sys.meta_path if path is not None)
        return next((spec for spec in found if spec is not None), None)
    except (ImportError, AttributeError, ValueError):
        return None


def _parents(name: str) -> Iterator[str]:
    while name := name.rpartition(".")[0]:
        yield name


def _imports(name: str, source: Source) -> Iterator[tuple[str, bool]]:
    """Yield the modules that a module imports, and whether it must have them to be imported itself."""
    try:
        tree = ast.parse(source.text)
    except (SyntaxError, ValueError):
        return
    at_once = set(_run_on_import(tree))
    package = name if source.package else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node in at_once) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            yield base, node in at_once
            # A name may be a submodule: if it is none, nothing is found.
            yield from ((f"{base}.{alias.name}", node in at_once) for alias in node.names)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    base = parts[: len(parts) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])


def _run_on_import(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the statements that surely run with a module: not those in functions, or that may fail or be left out."""
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.Try, ast.If)):
            yield node
            yield from _run_on_import(node)
