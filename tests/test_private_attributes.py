"""advisor uses no private attribute of a third-party package."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "advisor"
SOURCES = {str(path.relative_to(PACKAGE)): path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}
# Documented methods of named tuples, and of semaphores, which have no public way to read their value.
PUBLIC = {"_replace", "_asdict", "_make", "_fields", "_value", "_get_value"}


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def origin(module: str) -> str:
    root = module.partition(".")[0]
    if root == "advisor":
        return "own"
    return "standard library" if root in sys.stdlib_module_names else "third party"


def imported_names(tree: ast.AST) -> dict[str, str]:
    """Return the origin of each name that an import binds."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {(alias.asname or alias.name).partition(".")[0]: origin(alias.name) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name: origin(node.module or "advisor") for alias in node.names}
    return names


def defined_names(tree: ast.AST) -> Iterator[str]:
    """Yield the names of functions, classes, variables and attributes that the code defines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and root_of(node) in ("self", "cls"):
            yield node.attr


def root_of(node: ast.expr) -> str | None:
    """Return the name at which a chain of attributes and calls begins."""
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def foreign_attributes(sources: dict[str, str]) -> list[str]:
    """Return the uses of private attributes that belong to third parties.

    An attribute is foreign if it is reached from a name that is imported from a third party, or if nothing in the
    sources defines its name. So an attribute is missed if the sources define one of the same name for another object.
    """
    trees = {file: ast.parse(source) for file, source in sources.items()}
    own = {name for tree in trees.values() for name in defined_names(tree)}
    found = []
    for file, tree in trees.items():
        imported = imported_names(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and origin(node.module or "advisor") == "third party":
                names = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
                found += [f"{file}:{node.lineno} {name}" for name in names if is_private(name)]
            elif isinstance(node, ast.Attribute) and is_private(node.attr) and node.attr not in PUBLIC:
                source = imported.get(root_of(node) or "")
                if source == "third party" or (source != "standard library" and node.attr not in own):
                    found.append(f"{file}:{node.lineno} {node.attr}")
    return found


@pytest.mark.slow
def test_no_private_attribute_of_a_third_party_is_used() -> None:
    """They change without notice, and pins to one version of a package follow."""
    assert foreign_attributes(SOURCES) == []


@pytest.mark.parametrize(
    "code",
    [
        "import flask\nflask.app._request_ctx",
        "from flask import request\nrequest._get_current_object()",
        "from flask import Flask\nFlask('x').config._load",
        "from flask import Flask\napp = Flask('x')\napp._got_first_request",
        "from gunicorn.app.base import Application\nclass Server(Application):\n    def run(self): self._options",
        "from pydantic._internal import _fields",
        "import flask\n_context = 1\nflask._context",
    ],
)
def test_such_a_use_is_found(code: str) -> None:
    """Of a module, a class, an instance, a base class, in an import, and under a name that the code has too."""
    assert len(foreign_attributes({"module.py": code})) >= 1


@pytest.mark.parametrize(
    "code",
    [
        "import os\nos._exit(0)",
        "class Own:\n    def __init__(self): self._value = 1\ndef read(own): return own._value",
        "import flask\nflask.__version__",
        "row._replace(a=1)",
    ],
)
def test_other_uses_are_not(code: str) -> None:
    """Of the standard library and of the code itself."""
    assert foreign_attributes({"module.py": code}) == []
