"""Statements that fold a value into something, so that a later loop can repeat them in the same order."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from advisor.survey.known_calls import FOLDING_METHODS

_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "+",
    ast.Mult: "*",
    ast.Div: "*",
    ast.BitOr: "or",
    ast.BitAnd: "and",
    ast.BitXor: "xor",
}
_COMMUTATIVE = (ast.Add, ast.Mult, ast.BitOr, ast.BitAnd, ast.BitXor)
_JOINING = ("concat", "append", "vstack", "hstack", "concatenate", "union", "merge", "combine_first")
_ORDERS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


@dataclass(frozen=True)
class Fold:
    """A statement that folds values into targets.

    Attributes:
        targets: What it changes, with the operation of each.
        operands: Expressions that it evaluates besides; they must not read the targets.
        in_place: The targets are objects that a method changes, not names or items that are assigned.
        rest: Statements in it that are none of this; it folds only if they write output and do nothing else.
    """

    targets: tuple[tuple[ast.expr, str], ...]
    operands: tuple[ast.expr, ...] = ()
    in_place: bool = False
    rest: tuple[ast.stmt, ...] = ()


def same(one: ast.AST | None, other: ast.AST | None) -> bool:
    """Return True if two expressions are written alike, whether they are read or assigned."""
    return one is not None and other is not None and _text(one) == _text(other)


def _text(node: ast.AST) -> str:
    return ast.unparse(node)


def fold_of(statement: ast.stmt) -> Fold | None:
    """Return what a statement folds, or None if it is of no such form."""
    match statement:
        case ast.AugAssign():
            operation = _OPERATORS.get(type(statement.op))
            return Fold(((statement.target, operation),), (statement.value,)) if operation else None
        case ast.Assign(targets=[target]):
            return _assigned(target, statement.value)
        case ast.AnnAssign() if statement.value is not None:
            return _assigned(statement.target, statement.value)
        case ast.Expr(value=ast.Call() as call):
            return _called(call)
        case ast.If():
            return _kept(statement) or _extreme(statement)
        case ast.Try():
            return _tried(statement)
        case _:
            return None


def _assigned(target: ast.expr, value: ast.expr) -> Fold | None:
    """Match `x = x + …`, `x = min(x, …)`, `x = x and …`, and the same with items and attributes."""
    if isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, (ast.Tuple, ast.List)):
        return _in_parallel(target.elts, value.elts)
    if not isinstance(target, (ast.Name, ast.Attribute, ast.Subscript)):
        return None
    if isinstance(value, ast.BinOp) and (operation := _OPERATORS.get(type(value.op))):
        operands = _without(target, value, type(value.op))
        return Fold(((target, operation),), tuple(operands)) if operands is not None else None
    if isinstance(value, ast.BoolOp) and _is_old(value.values[0], target):
        return Fold(((target, "and" if isinstance(value.op, ast.And) else "or"),), tuple(value.values[1:]))
    return _assigned_call(target, value) if isinstance(value, ast.Call) else None


def _in_parallel(targets: Sequence[ast.expr], values: Sequence[ast.expr]) -> Fold | None:
    """Match `a, b = a + x, b + y`."""
    if len(targets) != len(values):
        return None
    folds = [_assigned(target, value) for target, value in zip(targets, values, strict=True)]
    found = [fold for fold in folds if fold is not None]
    if len(found) != len(targets):
        return None
    pairs = tuple(pair for fold in found for pair in fold.targets)
    return Fold(pairs, tuple(operand for fold in found for operand in fold.operands))


def _without(target: ast.expr, value: ast.expr, operator: type[ast.operator]) -> list[ast.expr] | None:
    """Return what is added to the old value of the target, or None if it is not the first or last of a sum."""
    if not isinstance(value, ast.BinOp):
        return None
    related = (ast.Add, ast.Sub) if operator in (ast.Add, ast.Sub) else (operator,)
    if not isinstance(value.op, related):
        return None
    if _is_old(value.left, target):
        return [value.right]
    if isinstance(value.op, _COMMUTATIVE) and _is_old(value.right, target):
        return [value.left]
    inner = _without(target, value.left, operator)
    return None if inner is None else [*inner, value.right]


def _is_old(node: ast.expr, target: ast.expr) -> bool:
    """Return True for the old value of the target: `x`, `d[k]`, `d.get(k, 0)`."""
    if same(node, target):
        return True
    return (
        isinstance(target, ast.Subscript)
        and isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("get", "setdefault")
        and same(node.func.value, target.value)
        and bool(node.args)
        and same(node.args[0], target.slice)
    )


def _assigned_call(target: ast.expr, value: ast.Call) -> Fold | None:
    name = value.func.attr if isinstance(value.func, ast.Attribute) else getattr(value.func, "id", "")
    if name in ("min", "max") and len(value.args) > 1 and not value.keywords:
        others = [each for each in value.args if not _is_old(each, target)]
        return Fold(((target, name),), tuple(others)) if len(others) == len(value.args) - 1 else None
    if name not in _JOINING or not isinstance(value.func, ast.Attribute):
        return None
    if same(value.func.value, target):  # seen = seen.union(new)
        return Fold(((target, "union"),), tuple(value.args))
    first = value.args[0] if value.args else None
    if same(first, target):  # array = numpy.append(array, new)
        return Fold(((target, "append"),), tuple(value.args[1:]))
    if isinstance(first, (ast.List, ast.Tuple)) and first.elts and same(first.elts[0], target):
        return Fold(((target, "append"),), (*first.elts[1:], *value.args[1:]))  # frame = pandas.concat([frame, new])
    return None


def _called(call: ast.Call) -> Fold | None:
    """Match a method whose result nobody uses: `rows.append(x)`, `groups.setdefault(key, []).append(x)`."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in FOLDING_METHODS:
        return None
    operands = [*call.args, *(keyword.value for keyword in call.keywords)]
    target = call.func.value
    while isinstance(target, ast.Call) and isinstance(target.func, ast.Attribute):
        if target.func.attr != "setdefault":
            return None
        operands += target.args
        first = target.args[0] if target.args else None
        if first is None:
            return None
        item = ast.Subscript(target.func.value, first, ast.Load())
        target = ast.copy_location(item, target)
    if not isinstance(target, (ast.Name, ast.Attribute, ast.Subscript)):
        return None
    return Fold(((target, FOLDING_METHODS[call.func.attr]),), tuple(operands), in_place=True)


def _kept(node: ast.If) -> Fold | None:
    """Match `if k not in d: d[k] = x`, with or without `else: d[k] += y`; and the same the other way round."""
    test = node.test
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], (ast.In, ast.NotIn)):
        return None
    new, old = (node.body, node.orelse) if isinstance(test.ops[0], ast.NotIn) else (node.orelse, node.body)
    if len(new) != 1 or not isinstance(new[0], ast.Assign) or len(new[0].targets) != 1:
        return None
    item = new[0].targets[0]
    if not (isinstance(item, ast.Subscript) and same(item.value, test.comparators[0]) and same(item.slice, test.left)):
        return None
    operation = "first"
    operands = [new[0].value, test.left]
    for statement in old:
        fold = fold_of(statement)
        if fold is None or not all(same(target, item) for target, _ in fold.targets):
            return None
        operation = fold.targets[0][1]
        operands += fold.operands
    return Fold(((item, operation),), tuple(operands))


def _tried(node: ast.Try) -> Fold | None:
    """Match `try: d[k] += x` with `except KeyError: d[k] = x`."""
    if len(node.body) != 1 or len(node.handlers) != 1 or node.orelse or node.finalbody:
        return None
    handler = node.handlers[0]
    fold = fold_of(node.body[0])
    first = handler.body[0]
    if (
        fold is None
        or len(handler.body) != 1
        or not isinstance(first, ast.Assign)
        or not same(handler.type, ast.Name("KeyError", ast.Load()))
    ):
        return None
    item = fold.targets[0][0]
    if len(fold.targets) != 1 or len(first.targets) != 1 or not same(first.targets[0], item):
        return None
    return Fold(fold.targets, (*fold.operands, first.value), fold.in_place)


def _extreme(node: ast.If) -> Fold | None:
    """Match `if x < best: best = x`, with the assignment of other names that nothing else reads."""
    if node.orelse:
        return None
    pairs, rest = _assignments(node.body)
    for compared in _conditions(node.test):
        for limit, value, operation in _ordered(compared):
            if any(_takes(target, new, limit, value) for target, new in pairs):
                targets = tuple((target, operation) for target, _ in pairs)
                return Fold(targets, (value, *_others(node.test, limit), *(each for _, each in pairs)), rest=rest)
    return None


def _takes(target: ast.expr, new: ast.expr, limit: ast.expr, value: ast.expr) -> bool:
    """Return True for `best = value` after `value < best`, and `best = (value, x)` after `value < best[0]`."""
    if same(target, limit):
        return same(new, value)
    if isinstance(limit, ast.Call):  # len(x) > len(longest)
        old = [each for each in ast.walk(limit) if same(each, target)]
        return bool(old) and _text(limit).replace(_text(target), _text(new)) == _text(value)
    if not isinstance(limit, ast.Subscript) or not same(target, limit.value) or not isinstance(new, ast.Tuple):
        return False
    number = limit.slice.value if isinstance(limit.slice, ast.Constant) else None
    return isinstance(number, int) and 0 <= number < len(new.elts) and same(new.elts[number], value)


def _assignments(body: Sequence[ast.stmt]) -> tuple[list[tuple[ast.expr, ast.expr]], tuple[ast.stmt, ...]]:
    """Return targets and values of the body, and the other statements."""
    pairs: list[tuple[ast.expr, ast.expr]] = []
    rest: list[ast.stmt] = []
    for statement in body:
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            rest.append(statement)
            continue
        target, value = statement.targets[0], statement.value
        if not isinstance(target, (ast.Tuple, ast.List)):
            pairs.append((target, value))
        elif isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts):
            pairs += zip(target.elts, value.elts, strict=True)
        else:
            rest.append(statement)
    return pairs, tuple(rest)


def _conditions(test: ast.expr) -> list[ast.expr]:
    return list(test.values) if isinstance(test, ast.BoolOp) else [test]


def _ordered(test: ast.expr) -> Iterator[tuple[ast.expr, ast.expr, str]]:
    """Yield the limit, the value and the operation of a comparison, read both ways."""
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], _ORDERS):
        return
    smaller = isinstance(test.ops[0], (ast.Lt, ast.LtE))
    left, right = test.left, test.comparators[0]
    yield right, left, "min" if smaller else "max"
    yield left, right, "max" if smaller else "min"


def _others(test: ast.expr, limit: ast.expr) -> Iterator[ast.expr]:
    """Yield the conditions that do not compare with the limit, nor ask whether it is None."""
    whole = limit.value if isinstance(limit, ast.Subscript) else limit
    for condition in _conditions(test):
        if isinstance(condition, ast.Compare) and any(
            same(each, limit) or same(each, whole) for each in (condition.left, *condition.comparators)
        ):
            continue
        if isinstance(condition, ast.UnaryOp) and same(condition.operand, whole):
            continue
        yield condition
