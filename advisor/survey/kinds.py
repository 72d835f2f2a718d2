"""Kinds of objects, as far as the places that make them say so: 'builtins.dict', 'random.Random', 'class Parser'."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from advisor.survey.number_forms import is_number
from advisor.survey.scopes import Module, Program, Scope

_DEEPEST = 6
_LITERALS: dict[type[ast.AST], str] = {
    ast.List: "builtins.list",
    ast.ListComp: "builtins.list",
    ast.Tuple: "builtins.tuple",
    ast.Dict: "builtins.dict",
    ast.DictComp: "builtins.dict",
    ast.Set: "builtins.set",
    ast.SetComp: "builtins.set",
    ast.JoinedStr: "builtins.str",
    ast.GeneratorExp: "builtins.iter",
}
_CLASS = "class "


@dataclass(frozen=True)
class Kinds:
    """Tells the kinds of the objects in a module of a program."""

    program: Program
    module: Module

    def of(self, node: ast.AST | None, scope: Scope, depth: int = 0) -> str:
        """Return the full name of what makes the object, such as a class or a function; '' if that is unknown."""
        if depth > _DEEPEST or node is None:
            return ""
        if isinstance(node, ast.Constant):
            return f"builtins.{type(node.value).__name__}"
        if type(node) in _LITERALS:
            return _LITERALS[type(node)]
        if isinstance(node, ast.Call):
            made = self._made_by(node.func, scope, depth)
            return self.of(node.args[0], scope, depth + 1) if made == "contextlib.closing" and node.args else made
        if isinstance(node, ast.Name):
            return self._name(node.id, scope, depth)
        if isinstance(node, ast.Subscript):
            return self._item(node.value, scope)
        if isinstance(node, (ast.BinOp, ast.UnaryOp)):
            return "builtins.float" if is_number(node) and not self._has_arrays(node, scope, depth) else ""
        if isinstance(node, ast.Attribute):
            return self.module.dotted(node, scope) or self._attribute(node, scope, depth)
        return ""

    def _has_arrays(self, node: ast.expr, scope: Scope, depth: int) -> bool:
        names = (each for each in ast.walk(node) if isinstance(each, ast.Name))
        return any(self.of(each, scope, depth + 1).startswith(("numpy", "pandas")) for each in names)

    def _item(self, container: ast.expr, scope: Scope) -> str:
        """Return the kind of the items of a container that is written out and bound once, with constants in it."""
        if not isinstance(container, ast.Name):
            return ""
        _, binders = self.module.resolve(container.id, scope)
        above = self.module.parents.get(binders[0]) if len(binders) == 1 else None
        value = above.value if isinstance(above, ast.Assign) else None
        items = value.values if isinstance(value, ast.Dict) else getattr(value, "elts", [])
        kinds = {type(item.value).__name__ if isinstance(item, ast.Constant) else "" for item in items}
        return f"builtins.{kinds.pop()}" if len(kinds) == 1 and "" not in kinds else ""

    def _made_by(self, function: ast.expr, scope: Scope, depth: int) -> str:
        owner = self.class_named(function, scope)
        if owner is not None:
            return f"{_CLASS}{owner[1].name}"
        dotted = self.module.dotted(function, scope)
        if dotted or not isinstance(function, ast.Attribute):
            return dotted
        if function.attr == "get" and (kind := self._item(function.value, scope)):
            return kind
        kind = self.of(function.value, scope, depth + 1)
        return f"{kind}.{function.attr}" if kind and not kind.startswith(_CLASS) else ""

    def class_named(self, node: ast.AST, scope: Scope) -> tuple[Module, ast.ClassDef] | None:
        """Return the user's class that a name refers to."""
        if isinstance(node, ast.Name):
            _, binders = self.module.resolve(node.id, scope)
            if len(binders) == 1 and isinstance(binders[0], ast.ClassDef):
                return self.module, binders[0]
        dotted = self.module.dotted(node, scope)
        found = self.program.definition(dotted) if dotted else None
        return (found[0], found[1]) if found and isinstance(found[1], ast.ClassDef) else None

    def class_of_kind(self, kind: str) -> tuple[Module, ast.ClassDef] | None:
        """Return the user's class of this kind."""
        if not kind.startswith(_CLASS):
            return None
        name = kind.removeprefix(_CLASS)
        modules = [self.module, *self.program.modules.values()]
        return next(((module, module.classes[name]) for module in modules if name in module.classes), None)

    def _name(self, name: str, scope: Scope, depth: int) -> str:
        found_in, binders = self.module.resolve(name, scope)
        if found_in is None or not binders:
            return ""
        kinds = {self._bound(name, binder, found_in, depth) for binder in binders} - {"builtins.NoneType"}
        return kinds.pop() if len(kinds) == 1 else ""

    def _bound(self, name: str, binder: ast.AST, scope: Scope, depth: int) -> str:
        """Return the kind of what a name is bound to by a node."""
        if isinstance(binder, ast.arg):
            owner = self.module.owner(scope)
            if owner is not None and isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef)):
                first = (scope.args.posonlyargs + scope.args.args)[:1]
                if binder in first and scope in owner.body:
                    return f"{_CLASS}{owner.name}"
            return self._annotated(binder.annotation, scope)
        above = self.module.parents.get(binder)
        if isinstance(above, (ast.Assign, ast.NamedExpr)):
            return self.of(above.value, scope, depth + 1)
        if isinstance(above, ast.AnnAssign):
            return self.of(above.value, scope, depth + 1) or self._annotated(above.annotation, scope)
        if isinstance(above, ast.withitem):
            return self.of(above.context_expr, scope, depth + 1)
        if isinstance(above, (ast.For, ast.comprehension)) and binder is above.target:
            return self._element(above.iter, scope, depth)
        if isinstance(above, ast.AugAssign):
            return "builtins.NoneType"  # it keeps its kind
        return ""

    def _element(self, container: ast.expr, scope: Scope, depth: int) -> str:
        """Return the kind of the items of a container that a comprehension makes."""
        if isinstance(container, ast.Name):
            _, binders = self.module.resolve(container.id, scope)
            above = self.module.parents.get(binders[0]) if len(binders) == 1 else None
            container = above.value if isinstance(above, ast.Assign) else container
        is_made = isinstance(container, (ast.ListComp, ast.SetComp, ast.GeneratorExp))
        return self.of(container.elt, scope, depth + 1) if is_made else ""  # type: ignore[attr-defined]

    def _annotated(self, annotation: ast.expr | None, scope: Scope) -> str:
        if annotation is None:
            return ""
        if isinstance(annotation, ast.Subscript):
            annotation = annotation.value
        owner = self.class_named(annotation, scope)
        return f"{_CLASS}{owner[1].name}" if owner else self.module.dotted(annotation, scope)

    def _attribute(self, node: ast.Attribute, scope: Scope, depth: int) -> str:
        """Return the kind of an attribute, from the assignments in the methods of its object's class."""
        found = self.class_of_kind(self.of(node.value, scope, depth + 1))
        if found is None:
            return ""
        module, owner = found
        kinds = set()
        for each in module.assigned_attributes(owner).get(node.attr, ()):
            above = module.parents.get(each)
            if isinstance(above, (ast.Assign, ast.AnnAssign)):
                kinds.add(Kinds(self.program, module).of(above.value, module.scope(each), depth + 1))
        return kinds.pop() if len(kinds) == 1 else ""
