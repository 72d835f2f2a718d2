"""Find the special methods and properties that expressions run without a call, such as `__getitem__`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeAlias

Use: TypeAlias = tuple[tuple[str, ...], ast.expr]  # names of methods, and the object that they are called on

_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "truediv",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
    ast.MatMult: "matmul",
    ast.LShift: "lshift",
    ast.RShift: "rshift",
    ast.BitOr: "or",
    ast.BitAnd: "and",
    ast.BitXor: "xor",
}
_COMPARISONS = ("__lt__", "__le__", "__gt__", "__ge__", "__eq__", "__ne__")
_TEXT = ("__str__", "__repr__", "__format__")
_ITEMS = ("__iter__", "__next__", "__getitem__", "__len__")
_BUILTINS = {
    **dict.fromkeys(("str", "repr", "print", "format"), _TEXT),
    **dict.fromkeys(("list", "tuple", "set", "dict", "enumerate", "zip", "map", "filter", "iter", "any"), _ITEMS),
    **dict.fromkeys(("sorted", "min", "max"), (*_ITEMS, *_COMPARISONS)),
    **dict.fromkeys(("sum", "all"), (*_ITEMS, "__add__", "__radd__")),
    "len": ("__len__",),
    "next": ("__next__",),
    "bool": ("__bool__", "__len__"),
    "int": ("__int__", "__index__"),
    "float": ("__float__",),
    "hash": ("__hash__",),
    "abs": ("__abs__",),
    "round": ("__round__",),
}


def implicit_uses(node: ast.AST) -> Iterator[Use]:
    """Yield the methods that a statement or expression itself may run, without those of its parts."""
    match node:
        case ast.Attribute(ctx=ast.Load()):
            yield (node.attr, "__getattr__", "__getattribute__"), node.value
            yield ("__get__",), node
        case ast.Attribute():
            yield (node.attr, "__setattr__", "__delattr__"), node.value
            yield ("__set__", "__delete__"), node
        case ast.Subscript(ctx=ast.Load()):
            yield ("__getitem__", "__missing__"), node.value
        case ast.Subscript():
            yield ("__setitem__", "__delitem__"), node.value
        case ast.BinOp():
            name = _OPERATORS[type(node.op)]
            yield (f"__{name}__",), node.left
            yield (f"__r{name}__",), node.right
        case ast.AugAssign():
            name = _OPERATORS[type(node.op)]
            yield (f"__i{name}__", f"__{name}__"), node.target
        case ast.Compare():
            for left, operator, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
                yield (
                    (("__contains__", *_ITEMS), right)
                    if isinstance(operator, (ast.In, ast.NotIn))
                    else (
                        _COMPARISONS,
                        left,
                    )
                )
        case ast.FormattedValue():
            yield _TEXT, node.value
        case ast.UnaryOp(op=ast.Not()):
            yield _BUILTINS["bool"], node.operand
        case ast.If() | ast.While() | ast.IfExp():
            yield _BUILTINS["bool"], node.test
        case ast.withitem():
            yield ("__enter__", "__exit__", "__aenter__", "__aexit__"), node.context_expr
        case ast.For() | ast.AsyncFor() | ast.comprehension():
            yield _ITEMS, node.iter
        case ast.Call(func=ast.Name(id=name)) if name in _BUILTINS:
            yield from ((_BUILTINS[name], each) for each in node.args)
