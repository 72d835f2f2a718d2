"""Expressions that are certain to be whole numbers, whose sums are exact in any grouping."""

from __future__ import annotations

import ast

from advisor.survey.scopes import Module, Scope

_FUNCTIONS = ("builtins.len", "builtins.int", "builtins.ord")
_OPERATORS = (ast.Add, ast.Sub, ast.Mult)


class WholeNumbers:
    """Tells whole numbers by what the source assigns in a scope."""

    def __init__(self, module: Module, scope: Scope) -> None:
        self._module = module
        self._scope = scope
        declared = (each for each in ast.walk(module.tree) if isinstance(each, (ast.Global, ast.Nonlocal)))
        self._shared = {name for each in declared for name in each.names}

    def is_own(self, name: str) -> bool:
        """Return True if only the scope itself, and no function in or beside it, can bind a name."""
        found_in, _ = self._module.resolve(name, self._scope)
        return found_in is self._scope and name not in self._shared

    def is_whole(self, node: ast.expr | None, assumed: frozenset[str] = frozenset()) -> bool:
        """Return True if the value of an expression is an `int` whatever happens.

        Args:
            node: The expression.
            assumed: Names of whole numbers, as long as nothing else speaks against it.
        """
        match node:
            case ast.Constant():
                return type(node.value) is int
            case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
                return self.is_whole(node.operand, assumed)
            case ast.BinOp():
                is_exact = isinstance(node.op, _OPERATORS)
                return is_exact and self.is_whole(node.left, assumed) and self.is_whole(node.right, assumed)
            case ast.IfExp():
                return self.is_whole(node.body, assumed) and self.is_whole(node.orelse, assumed)
            case ast.Call():
                return self._module.dotted(node.func, self._scope) in _FUNCTIONS
            case ast.Name():
                return node.id in assumed or self._is_name_whole(node.id, assumed | {node.id})
            case _:
                return False

    def _is_name_whole(self, name: str, assumed: frozenset[str]) -> bool:
        _, binders = self._module.resolve(name, self._scope)
        return self.is_own(name) and bool(binders) and all(self._is_bound_to_whole(each, assumed) for each in binders)

    def _is_bound_to_whole(self, binder: ast.AST, assumed: frozenset[str]) -> bool:
        above = self._module.parents.get(binder)
        if isinstance(above, ast.AugAssign):
            return isinstance(above.op, _OPERATORS) and self.is_whole(above.value, assumed)
        if isinstance(above, ast.Assign):  # with several targets, too: no name can change the number of another one
            return self.is_whole(above.value, assumed)
        if isinstance(above, ast.For) and above.target is binder and isinstance(above.iter, ast.Call):
            return self._module.dotted(above.iter.func, self._scope) == "builtins.range"
        return self.is_whole(bound_value(self._module, binder), assumed)


def bound_value(module: Module, binder: ast.AST) -> ast.expr | None:
    """Return the expression that an assignment binds to one name, or None for other ways of binding it."""
    above = module.parents.get(binder)
    if isinstance(above, ast.AnnAssign):
        return above.value
    if isinstance(above, ast.Assign):
        return above.value if len(above.targets) == 1 else None
    assignment = module.parents.get(above) if isinstance(above, ast.Tuple) else None
    if not isinstance(above, ast.Tuple) or not isinstance(assignment, ast.Assign) or len(assignment.targets) != 1:
        return None
    value = assignment.value
    if not isinstance(value, ast.Tuple) or len(value.elts) != len(above.elts) or _has_star(above) or _has_star(value):
        return None
    return next(each for target, each in zip(above.elts, value.elts, strict=True) if target is binder)


def _has_star(node: ast.Tuple) -> bool:
    return any(isinstance(each, ast.Starred) for each in node.elts)
