"""The loops of all kinds in one form: targets, an iterable and statements."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from advisor.survey.loops import COMPREHENSIONS
from advisor.survey.scopes import Module, Scope, bound_names, own_nodes
from advisor.survey.while_loops import Counting, Taking, counting_of, taking_of

_NUMBERING = ("builtins.range", "builtins.enumerate", "numpy.arange", "numpy.ndenumerate")
_KEEPING = ("builtins.sorted", "builtins.list", "builtins.reversed", "builtins.tuple")
_WRAPPERS = ("tqdm", "track", "progressbar", "trange", "alive_it")
ITEM = "<item>"  # the iteration's own item, in the place of a name


@dataclass
class LoopBody:
    """The statements of every iteration of a loop.

    Attributes:
        statements: Of an iteration; for a `while` loop with the test before them.
        targets: The names that the header binds.
        iterable: The expression of the header, without a progress bar around it.
        items: Targets that are an item of a container, not a part of one.
        numbers: Targets that have another number or key in every iteration.
        keys: Those of them that are keys.
        test: The condition of a `while` loop, unless it counts.
        counting: How a `while` loop counts.
        taking: How a `while` loop takes its items from a list.
        progress: The name of the progress bar around the iterable.
    """

    node: ast.AST
    scope: Scope
    statements: list[ast.stmt]
    target: ast.expr | None = None
    iterable: ast.expr | None = None
    numbers: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    test: ast.expr | None = None
    counting: Counting | None = None
    taking: Taking | None = None
    progress: str = ""
    items: frozenset[str] = frozenset()
    targets: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self.targets = names_of(self.target)
        nodes = (node for each in self.statements for node in own_nodes(each, comprehensions=True))
        rebound = {name for node in nodes for name in bound_names(node)}
        self.numbers -= rebound
        self.keys -= rebound


def names_of(target: ast.AST | None) -> frozenset[str]:
    """Return the plain names that an assignment to a target binds."""
    if isinstance(target, ast.Name):
        return frozenset({target.id})
    if isinstance(target, (ast.Tuple, ast.List)):
        return frozenset().union(*map(names_of, target.elts))
    return names_of(target.value) if isinstance(target, ast.Starred) else frozenset()


def body_of(node: ast.AST, module: Module) -> LoopBody:
    """Return the common form of a loop."""
    scope = module.scope(node)
    if isinstance(node, (ast.For, ast.AsyncFor)):
        return _over(node, scope, node.target, node.iter, node.body, module)
    if isinstance(node, ast.While):
        taking = taking_of(node, module, scope)
        if taking is not None:
            return _taken(node, scope, taking)
        counting = counting_of(node)
        if counting is not None:
            stop: ast.stmt = ast.copy_location(ast.Expr(counting.stop), counting.stop)
            body = [stop, *(each for each in node.body if each is not counting.increment)]
            target = ast.copy_location(ast.Name(counting.name, ast.Store()), node)
            return LoopBody(node, scope, body, target, numbers=frozenset({counting.name}), counting=counting)
        test = ast.copy_location(ast.Expr(node.test), node.test)
        return LoopBody(node, scope, [test, *node.body], test=node.test)
    if isinstance(node, COMPREHENSIONS):
        first = node.generators[0]
        return _over(node, scope, first.target, first.iter, _comprehended(node), module)
    assert isinstance(node, ast.Call)
    return _applied(node, scope, module)


def _taken(node: ast.While, scope: Scope, taking: Taking) -> LoopBody:
    """Return the loop over the items of a list, in the order in which they are taken."""
    place = taking.first
    name: ast.expr = ast.copy_location(ast.Name(taking.name, ast.Load()), place)
    call = ast.copy_location(ast.Call(ast.Name("reversed", ast.Load()), [name], []), place)
    iterable = call if taking.from_end else name
    target = taking.first.targets[0]
    items = names_of(target) if isinstance(target, ast.Name) else frozenset()
    return LoopBody(node, scope, node.body[1:], target, iterable, items=items, taking=taking)


def _over(
    node: ast.AST, scope: Scope, target: ast.expr, iterable: ast.expr, body: list[ast.stmt], module: Module
) -> LoopBody:
    progress = ""
    while isinstance(iterable, ast.Call) and iterable.args:
        name = module.dotted(iterable.func, scope).rpartition(".")[2]
        if name not in _WRAPPERS:
            break
        progress = name
        iterable = iterable.args[0]
    numbers = frozenset(_numbers(target, iterable, scope, module))
    is_keyed = any(isinstance(each, ast.Attribute) and each.attr in ("items", "keys") for each in ast.walk(iterable))
    keys = numbers if is_keyed else frozenset()
    items = frozenset(_items(target, iterable, scope, module))
    return LoopBody(node, scope, body, target, iterable, numbers, keys, progress=progress, items=items)


def _items(target: ast.expr, iterable: ast.expr, scope: Scope, module: Module) -> set[str]:
    """Return the targets that are bound to an item of a container, each to another one."""
    if isinstance(target, ast.Name):
        return {target.id}
    if not isinstance(target, (ast.Tuple, ast.List)) or not isinstance(iterable, ast.Call):
        return set()
    name = module.dotted(iterable.func, scope)
    if name in _KEEPING and iterable.args:
        return _items(target, iterable.args[0], scope, module)
    if name == "builtins.zip":
        pairs = zip(target.elts, iterable.args, strict=False)
        return {each for part, source in pairs for each in _items(part, source, scope, module)}
    if name == "builtins.enumerate" and len(target.elts) > 1:
        return _items(target.elts[1], iterable.args[0], scope, module)
    method = iterable.func.attr if isinstance(iterable.func, ast.Attribute) else ""
    is_paired = method in ("items", "iterrows", "groupby") and len(target.elts) > 1
    return {target.elts[1].id} if is_paired and isinstance(target.elts[1], ast.Name) else set()


def _numbers(target: ast.expr, iterable: ast.expr, scope: Scope, module: Module) -> set[str]:
    """Return the targets that have another value in each iteration, which is a number or a key."""
    if isinstance(iterable, ast.Attribute) and iterable.attr == "index":  # of a frame
        return set(names_of(target))
    if not isinstance(iterable, ast.Call):
        return set()
    name = module.dotted(iterable.func, scope)
    method = iterable.func.attr if isinstance(iterable.func, ast.Attribute) else ""
    if name in _KEEPING and iterable.args:
        return _numbers(target, iterable.args[0], scope, module)
    if name in ("builtins.range", "numpy.arange") or name.endswith(".trange"):
        return set(names_of(target))
    if isinstance(target, ast.Tuple) and target.elts:
        if name == "builtins.zip":
            pairs = zip(target.elts, iterable.args, strict=False)
            return {each for part, source in pairs for each in _numbers(part, source, scope, module)}
        if name in _NUMBERING or (method in ("items", "iterrows") and not iterable.args):
            return set(names_of(target.elts[0]))
    return set(names_of(target)) if method == "keys" and not iterable.args else set()


def _comprehended(node: ast.AST) -> list[ast.stmt]:
    """Return the statements that a comprehension runs for an item of its first iterable."""
    assert isinstance(node, COMPREHENSIONS)
    values = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
    inner: list[ast.stmt] = [ast.copy_location(ast.Expr(value), value) for value in values]
    for number, generator in reversed(list(enumerate(node.generators))):
        for test in reversed(generator.ifs):
            inner = [ast.copy_location(ast.If(test, inner, []), test)]
        if number:
            place = generator.iter
            inner = [ast.copy_location(ast.For(generator.target, generator.iter, inner, [], None), place)]
    return inner


def _applied(node: ast.Call, scope: Scope, module: Module) -> LoopBody:
    """Return the loop of `map(f, items)` or `frame.apply(f)`, which calls a function for each item."""
    function = node.args[0]
    if isinstance(node.func, ast.Name):
        iterables = node.args[1:]
    else:
        assert isinstance(node.func, ast.Attribute)
        iterables = [node.func.value]
    iterable = iterables[0]
    if isinstance(function, ast.Lambda) and function.args.args:
        target: ast.expr = _target([each.arg for each in function.args.args], node)
        body: ast.expr = function.body
    else:
        target = _target(["item"] if len(iterables) == 1 else [f"item{n}" for n, _ in enumerate(iterables)], node)
        names: list[ast.expr] = [
            ast.copy_location(ast.Name(name, ast.Load()), node) for name in sorted(names_of(target))
        ]
        body = ast.copy_location(ast.Call(function, names, []), node)
    if len(iterables) > 1:
        iterable = ast.copy_location(
            ast.Call(ast.copy_location(ast.Name("zip", ast.Load()), node), iterables, []), node
        )
    return _over(node, scope, target, iterable, [ast.copy_location(ast.Expr(body), body)], module)


def _target(names: list[str], place: ast.AST) -> ast.expr:
    stored: list[ast.expr] = [ast.copy_location(ast.Name(name, ast.Store()), place) for name in names]
    return stored[0] if len(stored) == 1 else ast.copy_location(ast.Tuple(stored, ast.Store()), place)
