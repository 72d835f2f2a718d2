"""Find the effects of calls: in tables for libraries, by following them for the user's functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce
from operator import or_

from advisor.survey.callables import bound_once, completed, table_values
from advisor.survey.classes import Class, Method
from advisor.survey.effects import Finding, Outcome, together
from advisor.survey.followed import Followed, arguments_of, decorated, foreign, with_objects_as_default
from advisor.survey.kinds import Kinds
from advisor.survey.known_calls import FOLDING_METHODS, Effect, effect_of
from advisor.survey.library_calls import LibraryCall, library_result
from advisor.survey.makers import Makers
from advisor.survey.method_calls import SQL_METHODS, folds, handed_on, method_effect, method_outcome, method_result
from advisor.survey.new_items import NewItems
from advisor.survey.scopes import Function, Module, Program, Scope, parameters
from advisor.survey.sql import only_asks
from advisor.survey.summaries import Summaries, Summary
from advisor.survey.values import FRESH, NEW, NOTHING, OWN, Path, Value, Values, at, holding, longer

_TAKING_FUNCTIONS = (
    *("builtins.map", "builtins.filter", "builtins.sorted", "builtins.min", "builtins.max", "builtins.iter"),
    *("itertools.", "functools."),
)


class Calls:
    """Tells what the calls in a scope do and return."""

    def __init__(self, program: Program, module: Module, scope: Scope, summaries: Summaries) -> None:
        self._program = program
        self._module = module
        self._scope = scope
        self._summaries = summaries
        self._kinds = Kinds(program, module)
        self._classes = summaries.classes
        self._found: dict[ast.Call, list[Followed]] = {}

    def library_effect(self, call: ast.Call) -> Effect | None:
        """Return the effect of a call of a library's function or method, or None."""
        dotted = self._module.dotted(call.func, self._scope)
        if dotted and self._program.definition(dotted) is None:
            return effect_of(dotted)
        if isinstance(call.func, ast.Attribute):
            kind = self._kinds.of(call.func.value, self._scope)
            return method_effect(kind, call.func.attr, call.func.value)
        return None

    def is_folding(self, statement: ast.stmt) -> bool:
        """Return True if the method of a statement is that of a container or a file, not one of the user's."""
        call = statement.value if isinstance(statement, ast.Expr) else None
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            return True
        if self._module.dotted(call.func, self._scope):
            return False
        kind = self._kinds.of(call.func.value, self._scope)
        if not kind and self._program.methods(call.func.attr) and call.func.attr not in ("append", "extend"):
            return False
        return folds(kind, call.func.attr, call.func.value)

    def outcome(self, call: ast.Call, values: Values) -> Outcome:
        """Return what a call does to objects outside."""
        call = completed(self._module, self._scope, call)
        found = self._followed(call)
        owner = self._kinds.class_named(call.func, self._scope)
        if found or owner is not None:
            unclear = [self._unclear(call, *owner)] if owner is not None else []
            followed = (self._follow(call, each, values) for each in found)
            outcome = together([*followed, *unclear, Outcome(followed=True)])
        elif dotted := self._module.dotted(call.func, self._scope):
            outcome = LibraryCall(call, values, self._module.file).outcome(dotted)
        elif isinstance(call.func, ast.Attribute):
            kind = self._kinds.of(call.func.value, self._scope)
            asks = call.func.attr in SQL_METHODS and only_asks(call, self._program, self._module, self._scope)
            keeps = Makers(self._program, self._module).may_change(call.func, self._scope)
            outcome = method_outcome(call, kind, values, self._module, only_asks=asks, keeps=keeps)
        elif isinstance(call.func, ast.Lambda):
            outcome = Outcome()
        else:
            text = f"calls `{ast.unparse(call.func)}`, of which the source says too little"
            outcome = Outcome(findings=(Finding("unknown call", text, self._module.file, call.lineno),))
        others = [*self._replaced(call), *self._callbacks(call, values), *self._printing(call, values)]
        return together([outcome, *others], outcome)

    def _printing(self, call: ast.Call, values: Values) -> Iterator[Outcome]:
        """Yield what the user's objects do with what is printed to them."""
        for each in call.keywords:
            if each.arg == "file":
                write = ast.copy_location(ast.Attribute(each.value, "write", ast.Load()), call)
                given = ast.copy_location(ast.Call(write, call.args[:1], []), call)
                yield from (self._follow(given, method, values) for method in self._methods(write))

    def _replaced(self, call: ast.Call) -> Iterator[Outcome]:
        """Yield an outcome for a call of an attribute that the program gives a value, maybe another function."""
        if isinstance(call.func, ast.Attribute) and self._classes.is_data(call.func.attr):
            kind = self._kinds.of(call.func.value, self._scope)
            if not kind or kind.startswith("class "):
                text = f"calls `{ast.unparse(call.func)}`, an attribute that may be any function"
                yield Outcome(findings=(Finding("unknown call", text, self._module.file, call.lineno),))

    def _unclear(self, call: ast.Call, module: Module, owner: ast.ClassDef) -> Outcome:
        """Return what the source does not tell of the making of an object."""
        text = self._classes.unclear(module, owner)
        if not text:
            return Outcome()
        text = f"makes a `{owner.name}`, which {text}"
        return Outcome(findings=(Finding("unknown call", text, self._module.file, call.lineno),))

    def implicit(self, names: tuple[str, ...], receiver: ast.expr, values: Values) -> Outcome | None:
        """Return what special methods or properties of an object change, or None.

        Args:
            names: Of the methods that may run.
            receiver: The object.
            values: Those of the statements.
        """
        if not any(name in self._summaries.special for name in names):
            return None
        kind = self._kinds.of(receiver, self._scope)
        owner = self._kinds.class_of_kind(kind)
        if kind and owner is None:
            return None
        methods = [each for name in names for each in self._special(name, owner)]
        call = ast.copy_location(ast.Call(receiver, [], []), receiver)
        found = [self._follow(call, Followed(*each, receiver), values) for each in methods]
        changing = [each for each in found if each.findings or any(access.writes for access in each.accesses)]
        return together(changing) if changing else None

    def _special(self, name: str, owner: Class | None) -> list[Method]:
        special = self._summaries.special.get(name, [])
        if owner is None:
            return special
        return [each for each in self._classes.with_overrides(*owner, name) if each in special]

    def _callbacks(self, call: ast.Call, values: Values) -> Iterator[Outcome]:
        """Yield what the user's functions do that are arguments of a call."""
        for argument in [*call.args, *(keyword.value for keyword in call.keywords)]:
            if isinstance(argument, (ast.Name, ast.Attribute, ast.Call)):
                empty = ast.copy_location(ast.Call(argument, [], []), call)
                given = completed(self._module, self._scope, empty)
                if given is empty and isinstance(argument, ast.Call):
                    continue
                found = list(self._named(given.func))
                for function in found:
                    yield replace(self._follow(given, function, values), followed=False)
                takes = self._module.dotted(call.func, self._scope).startswith(_TAKING_FUNCTIONS)
                if not found and takes and isinstance(argument, ast.Attribute):
                    yield Outcome(handed_on(argument, values))

    # Functions of the user

    def functions(self, call: ast.Call) -> list[tuple[Module, Function]]:
        """Return the user's functions that a call may run."""
        return [(each.module, each.function) for each in self._followed(call)]

    def _followed(self, call: ast.Call) -> list[Followed]:
        if call not in self._found:
            self._found[call] = list(self._named(call.func))
        return self._found[call]

    def _named(self, node: ast.expr) -> Iterator[Followed]:
        """Yield the user's functions that an expression may be."""
        owner = self._kinds.class_named(node, self._scope)
        if owner is not None:
            for module, function in self._classes.constructors(*owner):
                makes = function.name == "__new__"
                yield Followed(module, function, node if makes else None, is_new=not makes)
            return
        if isinstance(node, ast.Name):
            _, binders = self._module.resolve(node.id, self._scope)
            if binders and all(isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)) for each in binders):
                for each in binders:
                    yield Followed(self._module, each)  # type: ignore[arg-type]
                return
            yield from self._lambda(binders)
        dotted = self._module.dotted(node, self._scope)
        found = self._program.definition(dotted) if dotted else None
        if found is not None:
            yield Followed(found[0], found[1])  # type: ignore[arg-type]
        elif isinstance(node, ast.Attribute) and not dotted:
            yield from self._methods(node)
        elif isinstance(node, ast.Subscript):
            yield from self._of_table(node)

    def _of_table(self, node: ast.Subscript) -> Iterator[Followed]:
        """Yield the functions of a dictionary that is written out, if all of them are the user's."""
        found = [list(self._named(each)) for each in table_values(self._module, self._scope, node)]
        if all(found):
            yield from (each for functions in found for each in functions)

    def _lambda(self, binders: list[ast.AST]) -> Iterator[Followed]:
        above = self._module.parents.get(binders[0]) if len(binders) == 1 else None
        if isinstance(above, ast.Assign) and isinstance(above.value, ast.Lambda):
            yield Followed(self._module, above.value)

    def _methods(self, node: ast.Attribute) -> Iterator[Followed]:
        owner = self._kinds.class_named(node.value, self._scope)  # Report.build(report)
        if owner is not None:
            for module, function in self._classes.methods_of(*owner, node.attr):
                is_bound = any(_is_named(each, "classmethod") for each in function.decorator_list)
                yield Followed(module, function, node.value if is_bound else None)
            return
        if self._is_super(node.value):
            yield from self._inherited(node)
            return
        kind = self._kinds.of(node.value, self._scope)
        found = self._kinds.class_of_kind(kind)
        if found is not None:
            methods = self._classes.with_overrides(*found, node.attr)
        elif kind or node.attr in FOLDING_METHODS:
            return
        else:
            methods = self._program.methods(node.attr)
        yield from (self._bound(node.value, *each) for each in methods)

    def _bound(self, receiver: ast.expr, module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Followed:
        decorators = [each.id for each in function.decorator_list if isinstance(each, ast.Name)]
        if "staticmethod" in decorators:
            return Followed(module, function)
        if "classmethod" in decorators:
            kind = ast.copy_location(ast.Attribute(receiver, "__class__", ast.Load()), receiver)
            return Followed(module, function, kind)
        return Followed(module, function, receiver)

    def _is_super(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Call) and self._module.dotted(node.func, self._scope) == "builtins.super"

    def _this(self, node: ast.AST) -> ast.Name | None:
        """Return the first parameter of the method, at the place of a node."""
        given = parameters(self._scope) if not isinstance(self._scope, ast.Module) else []
        return ast.copy_location(ast.Name(given[0].arg, ast.Load()), node) if given else None

    def _inherited(self, node: ast.Attribute) -> Iterator[Followed]:
        """Yield the methods of other classes that `super().method` may be."""
        receiver = self._this(node)
        if receiver is not None:
            for module, function in self._program.methods(node.attr):
                if function is not self._scope:
                    yield self._bound(receiver, module, function)

    def _follow(self, call: ast.Call, each: Followed, values: Values) -> Outcome:
        summary = self._summaries.of(each.module, each.function)
        roots = self._roots(call, each, summary, values)
        name = getattr(each.function, "name", "<lambda>")
        accesses = dict.fromkeys(
            replace(access, path=path, through=name)
            for access in summary.accesses
            for path in self._substituted(access.path, roots, each, access.is_assignment)
        )
        names = {parameter: values.roots_of(argument) for parameter, argument in arguments_of(call, each)}
        findings = [
            replace(
                finding,
                depends=frozenset().union(
                    finding.depends & {OWN}, *(names.get(part, frozenset()) for part in finding.depends)
                ),
                through=finding.through or name,
            )
            for finding in summary.findings
        ]
        findings += decorated(each)
        return Outcome(tuple(accesses), tuple(findings), followed=True, called=(name, *summary.called))

    def _roots(self, call: ast.Call, each: Followed, summary: Summary, values: Values) -> dict[str, Value]:
        """Return what the parameters of a function are in a call."""
        given: set[str] = set()
        roots = dict.fromkeys((argument.arg for argument in parameters(each.function)), NEW)
        name = getattr(each.function, "name", "<lambda>")
        for parameter in with_objects_as_default(each.function):
            roots[parameter] = at((f"{name}.{parameter}",))
        for name, argument in arguments_of(call, each):
            value = values.of(argument)
            roots[name] = value if name not in given else roots[name] | value
            given.add(name)
        return roots

    def _substituted(
        self, path: Path, roots: dict[str, Value], each: Followed, is_assignment: bool = False
    ) -> list[Path]:
        """Return what a path in a function is in the scope of its caller."""
        if path == FRESH:
            return []
        if path[0] not in roots:
            return [self._global(path, each)]
        paths = list(roots[path[0]].itself) if len(path) > 1 else list(roots[path[0]].outside)
        result: list[Path] = []
        for start in paths:
            if start == FRESH:
                owned = len(path) > 1 and path[1].startswith(".") and self._classes.owns(path[1][1:])
                if len(path) - is_assignment <= 1 + owned:  # of the new object itself, or of what belongs to it alone
                    continue
                result += [part for part in roots[path[0]].parts if part != FRESH]
                continue
            for step in path[1:]:
                start = longer(start, foreign(step))
            result.append(start)
        return result

    def _global(self, path: Path, each: Followed) -> Path:
        """Return the path of something outside of a function in the terms of its caller."""
        name = path[0]
        if each.module is not self._module:
            return path if "." in name or name.startswith("<") else (f"{each.module.stem}.{name}", *path[1:])
        theirs, _ = self._module.resolve(name, each.function)
        ours, _ = self._module.resolve(name, self._scope)
        return path if theirs is ours or " " in name else (f"other {name}", *path[1:])

    # Results

    def result_of(self, call: ast.Call, values: Values) -> Value:
        """Return where the result of a call comes from."""
        call = completed(self._module, self._scope, call)
        owner = self._kinds.class_named(call.func, self._scope)
        arguments = [values.of(each) for each in [*call.args, *(keyword.value for keyword in call.keywords)]]
        if owner is not None:
            made = {getattr(each.function, "name", ""): each for each in self._followed(call)}
            others = ("__post_init__", "__del__")
            results = [self._returned(call, each, values) for name, each in made.items() if name not in others]
            return reduce(or_, results, NEW if "__init__" in made else holding(arguments))
        found = self._followed(call)
        if found:
            return reduce(or_, [self._returned(call, each, values) for each in found])
        dotted = self._module.dotted(call.func, self._scope)
        if dotted == "builtins.super" and (this := self._this(call)) is not None:
            return values.of(this)
        if dotted == "builtins.type" and len(call.args) == 1:
            return self._class_of(call.args[0])
        if dotted in ("builtins.min", "builtins.max") and len(call.args) > 1:
            return Value(frozenset().union(*(each.itself for each in arguments)), frozenset({FRESH}))
        if dotted:
            return library_result(effect_of(dotted), arguments)
        if isinstance(call.func, ast.Attribute):
            return method_result(call, self._kinds.of(call.func.value, self._scope), values, arguments)
        return library_result("unknown", arguments)

    def shared_attribute(self, node: ast.Attribute) -> Value:
        """Return the attributes of classes that an attribute of an object may be."""
        if node.attr == "__class__":
            return self._class_of(node.value)
        owners = self._classes.sharing.get(node.attr)
        if not owners:
            return NOTHING
        kind = self._kinds.of(node.value, self._scope)
        if kind and self._kinds.class_of_kind(kind) is None:
            return NOTHING
        return reduce(or_, (at((self._class_name(*each), f".{node.attr}")) for each in owners))

    def _class_of(self, node: ast.expr) -> Value:
        """Return the class of an object; if it is unknown, all of the program."""
        kind = self._kinds.of(node, self._scope)
        found = self._kinds.class_of_kind(kind)
        if found is None and kind:
            return NEW
        owners = [each for shared in self._classes.sharing.values() for each in shared]
        owners = [found, *owners] if found is not None else owners
        return reduce(or_, (at((self._class_name(*each),)) for each in owners), NEW)

    def _class_name(self, module: Module, owner: ast.ClassDef) -> str:
        return owner.name if module is self._module else f"{module.stem}.{owner.name}"

    def is_filled_by_reading(self, node: ast.expr) -> bool:
        """Return True for a `defaultdict` whose missing items depend on what happened before."""
        made = bound_once(self._module, self._scope, node)
        if not isinstance(made, ast.Call) or self._module.dotted(made.func, self._scope) != "collections.defaultdict":
            return False
        return bool(made.args) and not self._classes.is_plain_maker(self._module, made.args[0])

    def new_items(self, statements: Sequence[ast.stmt]) -> NewItems:
        """Return the names of containers into which statements put only new objects."""
        return NewItems(statements, self._program, self._module, self._scope)

    def owns(self, attribute: str) -> bool:
        """Return True if every object with such an attribute has an object of its own in it."""
        return self._classes.owns(attribute)

    def is_builtin(self, name: str) -> bool:
        """Return True for a name of Python itself."""
        return self._module.resolve(name, self._scope)[0] is None

    def _returned(self, call: ast.Call, each: Followed, values: Values) -> Value:
        summary = self._summaries.of(each.module, each.function)
        roots = self._roots(call, each, summary, values)
        itself, parts = (
            frozenset(
                end for path in paths for end in ([FRESH] if path == FRESH else self._substituted(path, roots, each))
            )
            for paths in (summary.result.itself, summary.result.parts)
        )
        is_new = any(path[0] in roots and FRESH in roots[path[0]].itself for path in summary.result.itself)
        itself = itself | {FRESH} if is_new or not itself else itself
        return Value(itself, parts or frozenset({FRESH}))


def _is_named(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
