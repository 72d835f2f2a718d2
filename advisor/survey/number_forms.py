"""Recognize expressions of numbers by their form alone."""

from __future__ import annotations

import ast

_NUMBER_OPERATORS = (ast.Sub, ast.Div, ast.FloorDiv, ast.Pow)
_NUMBER_FUNCTIONS = ("len", "sum", "round", "float", "int", "abs", "ord", "hash")


def is_number(node: ast.expr) -> bool:
    """Return True if an expression can hardly be a container: it subtracts or divides, or has a number in it."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, (int, float, complex))
    if isinstance(node, ast.UnaryOp):
        return is_number(node.operand)
    if isinstance(node, ast.BinOp):
        if isinstance(node.op, _NUMBER_OPERATORS):
            return True
        if isinstance(node.op, ast.Add):
            return is_number(node.left) or is_number(node.right)
        return isinstance(node.op, ast.Mult) and (_is_fraction(node.left) or _is_fraction(node.right))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in _NUMBER_FUNCTIONS
    return _is_fraction(node)


def _is_fraction(node: ast.expr) -> bool:
    """Return True if an expression is hardly a container, nor a whole number, by which a list can be repeated."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, (float, complex))
    if isinstance(node, ast.BinOp):
        return is_number(node)
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_named(node.func.value, "math")


def _is_named(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
