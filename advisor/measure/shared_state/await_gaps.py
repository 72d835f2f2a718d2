"""Find shared state that coroutines use before and after an `await`, while other calls use it too.

Between two `await`s a coroutine has its thread to itself, so asyncio is safe there even where threads are not. The
analysis reads the source: it follows the branches of each of the user's coroutine functions.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from importlib.util import decode_source
from pathlib import Path
from types import CodeType
from typing import NamedTuple
from unicodedata import normalize

from advisor.measure.shared_state.branch_walk import WHOLE_LINE, Event, Function, Uses, Walk
from advisor.measure.shared_state.replaceable import first_line, parse
from advisor.models import Safety, Touch
from advisor.models.resources.connections import SQLITE_UPDATED

# Resources that are unsafe in threads only, and not when all calls run in one thread.
_THREADS_ONLY = frozenset(
    {"generator", "iterator", "decimal context", "context variable", "NumPy error state", "current event loop"}
    | {"event loop"}
)
# Methods that begin a new use, independent of earlier ones.
_BEGINS = frozenset({"seek", "request", "putrequest", "cursor", "execute", "executemany", "send", "sendall", "sendto"})
_WRITES = frozenset({"write", "writelines", "writerow", "writerows", "writestr", "update", "put", "put_nowait"})
_READS_ELEMENT = frozenset({"get", "setdefault", "pop"})
_LOCKS = frozenset({"Lock", "Condition"})
_SEMAPHORES = frozenset({"Semaphore", "BoundedSemaphore"})  # locks if their value is 1
_IN_THREADS = frozenset({"to_thread", "run_in_executor"})
# The names of modules whose functions all use a state, and the functions that begin a new use of it.
_USED_BY = {"random seed": ({"random"}, {"seed"}), "pyplot": ({"plt", "pyplot"}, {"figure", "subplots"})}


class Change(NamedTuple):
    """The places where a call changed the state of the process, and whether it restored the state."""

    places: frozenset[tuple[CodeType, int]]  # lines in coroutines; empty if another thread changed it
    restored: bool


def with_asyncio(
    touches: Iterable[Touch], codes: Iterable[CodeType], changes: Mapping[str, Change]
) -> tuple[Touch, ...]:
    """Return the touches with their safety when coroutines share them.

    Args:
        touches: The shared objects and state that were found.
        codes: The code of the user's functions that the calls run.
        changes: Observed changes of the state of the process, by the name of the touch.
    """
    touches, codes = tuple(touches), tuple(codes)
    if all(_level(touch) == "safe" for touch in touches):
        return touches  # the source does not matter
    source = _Source(codes, (code for change in changes.values() for code, _ in change.places))
    return tuple(
        touch.model_copy(update={"asyncio": level})
        if (level := _level_in(source, touch, changes.get(touch.name))) != "safe"
        else touch
        for touch in touches
    )


def _level(touch: Touch) -> Safety:
    """Return the safety of a touch if other calls use it while a call awaits."""
    if touch.resource in _THREADS_ONLY:
        return "safe"
    is_sqlite = touch.resource.startswith("SQLite") and touch.resource != SQLITE_UPDATED
    if is_sqlite and touch.type != "sqlite3.Cursor":
        return "caution"  # the calls share a transaction, but no results
    if touch.threads == "caution":  # only a shared transaction needs care in coroutines too
        return "caution" if touch.kind == "connection" else "safe"
    return touch.threads


def _level_in(source: _Source, touch: Touch, change: Change | None) -> Safety:
    """Return the safety of a touch, which is "safe" if no coroutine awaits between two uses of it."""
    level = _level(touch)
    with suppress(Exception):  # an expression is nested too deeply
        return level if level == "safe" else _level_between(source, touch, change, level)
    return level


def _level_between(source: _Source, touch: Touch, change: Change | None, level: Safety) -> Safety:
    if change is not None:
        lasts = touch.resource == "fixed path"  # a file stays after the `with` block that wrote it
        changing = [code for code, _ in change.places]
        is_split = not changing or any(_changes_and_awaits(source, code, change, lasts) for code in changing)
        return level if is_split else "safe"
    uses: Uses
    if touch.resource == "changed object":
        uses = _Total(touch.name)
    elif touch.kind == "process state":
        uses = _Calls(touch)
    else:
        begins = frozenset[str]() if touch.resource == SQLITE_UPDATED else _BEGINS
        uses = _Handle(touch.name, source, begins, in_lines=touch.resource == "file written")
    mixes_lines = False
    stays = touch.kind == "process state" and touch.resource not in _USED_BY
    for function in source.functions_with(uses.words):
        walk = Walk(uses, source.is_lock)
        walk.follow(function)
        if function.name not in source.locked:
            if walk.is_split or (stays and len(walk.events) == 1 and walk.awaits_after):
                return level
            mixes_lines |= walk.mixes_lines
    return "caution" if mixes_lines else "safe"


def _changes_and_awaits(source: _Source, code: CodeType, change: Change, lasts: bool) -> bool:
    """Return True if a coroutine awaits between changing state and restoring it."""
    function = source.find(code)
    if function is None:
        return True
    walk = Walk(_Lines({line for changed, line in change.places if changed is code}, lasts))
    walk.follow(function)
    return walk.is_split or ((lasts or not change.restored) and walk.awaits_after)


class _Source:
    """The syntax trees of the user's functions, and the asyncio locks in their files.

    Attributes:
        locked: The names of the functions that a function calls while holding a lock.
    """

    def __init__(self, codes: Collection[CodeType], others: Iterable[CodeType]) -> None:
        """Parse each file once: those of the functions that calls run, and of others to be found."""
        self._nodes: dict[tuple[str, str, int], Function] = {}
        self._words: dict[Function, frozenset[str]] = {}
        self._classes: list[ast.ClassDef] = []
        self._instances: dict[str, set[str]] = {}  # names to which instances are assigned, by the class
        for file in {code.co_filename for code in (*codes, *others)}:
            with suppress(Exception):  # the source is missing
                self._read(file)
        self._locks = set[str]().union(*(self._instances.get(kind, ()) for kind in (*_LOCKS, *_SEMAPHORES)))
        self._locks.update(*(self._instances.get(each.name, ()) for each in self._classes if self._is_held(each)))
        found = [node for code in codes if (node := self.find(code)) is not None]
        inner = (node for function in found for node in _statements(function) if isinstance(node, Function))
        self._functions = list(dict.fromkeys([*found, *inner]))
        self.locked = {name for function in self._functions for name in self._called_under_lock(function)}

    def _read(self, file: str) -> None:
        lines = normalize("NFKC", decode_source(Path(file).read_bytes())).split("\n")
        for node in _statements(parse(file)):
            kind, names = _instance(node)
            self._instances.setdefault(kind, set()).update(names)
            if isinstance(node, ast.ClassDef):
                self._classes.append(node)
            if isinstance(node, Function):
                self._nodes[file, node.name, first_line(node)] = node
                text = "\n".join(lines[node.lineno - 1 : node.end_lineno])
                self._words[node] = frozenset(re.findall(r"\w+", text))

    def find(self, code: CodeType) -> Function | None:
        """Return the syntax tree of a function, or None if its source is not known."""
        return self._nodes.get((code.co_filename, code.co_name, code.co_firstlineno))

    def functions_with(self, words: Collection[str]) -> list[Function]:
        """Return the functions that calls run and in whose source one of the words occurs."""
        return [node for node in self._functions if not self._words[node].isdisjoint(words)]

    def is_lock(self, node: ast.AST) -> bool:
        """Return True if an expression is an asyncio lock, by the value assigned to its name or the name itself."""
        name = (_path(node) or [""])[-1]
        return name in self._locks or bool(re.search("(?<![bc])lock|mutex", name.lower()))

    def _is_held(self, kind: ast.ClassDef) -> bool:
        """Return True if `async with` acquires a lock in a class's `__aenter__`."""
        entered = [each for each in kind.body if isinstance(each, Function) and each.name == "__aenter__"]
        parts = [node for method in entered for node in ast.walk(method) if isinstance(node, ast.Attribute)]
        return any(node.attr in ("acquire", "__aenter__") and self.is_lock(node.value) for node in parts)

    def _called_under_lock(self, function: Function) -> Iterator[str]:
        for block in _statements(function):
            if isinstance(block, ast.AsyncWith) and any(self.is_lock(item.context_expr) for item in block.items):
                yield from (
                    name for call in ast.walk(block) if isinstance(call, ast.Call) for name in _path(call.func)[-1:]
                )


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield all statements within a syntax tree, much faster than `ast.walk` yields all nodes."""
    waiting = [tree]
    while waiting:
        for node in ast.iter_child_nodes(waiting.pop()):
            if isinstance(node, (ast.stmt, ast.ExceptHandler, ast.match_case)):
                waiting.append(node)
                yield node


def _instance(node: ast.AST) -> tuple[str, list[str]]:
    """Return the class whose new instance a statement assigns, and the names; nothing for semaphores above 1."""
    value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
    if not isinstance(value, ast.Call):
        return "", []
    kind = (_path(value.func) or [""])[-1]
    given = [*value.args, *(each.value for each in value.keywords)]
    if kind in _SEMAPHORES and not all(isinstance(each, ast.Constant) and each.value == 1 for each in given):
        return "", []
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]  # type: ignore[attr-defined]
    return kind, [name for target in targets for name in _path(target)[-1:]]


def _path(node: ast.AST) -> list[str]:
    """Return the names in a path such as `a.b[0].c`, without its elements; none for any other expression."""
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Attribute):
        owner = _path(node.value)
        return [*owner, node.attr] if owner else []
    if isinstance(node, ast.Subscript):
        return _path(node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return [node.func.id]
    return []


class _Lines(Uses):
    """Finds the lines that were observed to change state."""

    def __init__(self, lines: set[int], lasts: bool) -> None:
        self._lines = lines
        self._event = Event("", lasts=lasts)

    def statement(self, node: ast.stmt) -> Iterator[Event]:
        body = getattr(node, "body", None)
        end = max(node.lineno, body[0].lineno - 1) if body else node.end_lineno or node.lineno
        if any(node.lineno <= line <= end for line in self._lines):
            yield self._event


class _Calls(Uses):
    """Finds calls of a function that changes state, or of all functions that use it."""

    def __init__(self, touch: Touch) -> None:
        self._setting = touch.name
        self._name = touch.type.rpartition(".")[2]
        self._modules, self._begins = _USED_BY.get(touch.resource, (set(), set()))
        self.words = {self._name, *self._modules, *re.findall(r"\w+", self._setting)[-1:]}

    def expression(self, node: ast.AST) -> Iterator[Event]:
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            if ast.unparse(node) == self._setting:
                yield Event("")
        elif isinstance(node, ast.Call):
            path = _path(node.func)
            if self._modules & set(path) or self._name in path:
                yield Event("", needs=path[-1] not in self._begins)

    def statement(self, node: ast.stmt) -> Iterator[Event]:
        if isinstance(node, (ast.With, ast.AsyncWith)):
            for item in node.items:
                yield from self.expression(item.context_expr)


class _Handle(Uses):
    """Finds uses of an object by its name, and calls of the user's functions that use it."""

    def __init__(self, name: str, source: _Source, begins: frozenset[str], *, in_lines: bool) -> None:
        self._begins, self._in_lines = begins, in_lines
        self._path = re.findall(r"\w+", name)
        self._first: dict[str, Event] = {}  # the first use in each function, by the function's name
        new = self._path[-1:]
        while new:  # functions may use it indirectly, through other functions
            users = [each for each in source.functions_with(new) if each.name not in self._first]
            new = []
            for function in users:
                walk = Walk(self)
                walk.follow(function)
                if walk.events:
                    first = walk.events[0]
                    if first.own == WHOLE_LINE:
                        first = first._replace(own=max(event.own for event in walk.events))
                    self._first.setdefault(function.name, first)
                    new.append(function.name)
        self.words = {*self._path[-1:], *self._first}

    def is_owner(self, node: ast.AST) -> bool:
        return _path(node)[: len(self._path)] == self._path

    def expression(self, node: ast.AST) -> Iterator[Event]:
        if isinstance(node, ast.Call):
            method = (_path(node.func) or [""])[-1]
            place = node.lineno * 10_000 + node.col_offset
            line = WHOLE_LINE if self._in_lines and _writes_line(node) else 0
            if isinstance(node.func, ast.Attribute) and self.is_owner(node.func.value):
                if method != "flush":
                    yield Event("", needs=method not in self._begins, own=line or (place if method in _WRITES else 0))
            elif first := self._first.get(method):
                yield first._replace(own=place if first.own > 0 else first.own)
            elif method in _IN_THREADS and any(self._is_use(argument) for argument in node.args):
                yield Event("", in_threads=True)
            elif any(_path(each.value) == self._path for each in node.keywords):
                yield Event("", own=line)
        elif isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) and _path(node) == self._path:
            is_filled = isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load)
            yield Event("", needs=not is_filled)

    def _is_use(self, node: ast.expr) -> bool:
        path = _path(node)
        return path[: len(self._path)] == self._path or bool(path and path[-1] in self._first)


def _writes_line(call: ast.Call) -> bool:
    """Return True if a call prints or writes text that ends with a line break."""
    if isinstance(call.func, ast.Name):
        return call.func.id == "print" and all(each.arg != "end" for each in call.keywords)
    return isinstance(call.func, ast.Attribute) and call.func.attr == "write" and all(map(_ends_line, call.args))


def _ends_line(text: ast.expr) -> bool:
    match text:
        case ast.Constant(value=str() | bytes() as value):
            return value[-1:] in ("\n", b"\n")
        case (
            ast.JoinedStr(values=[*_, last]) | ast.BinOp(op=ast.Add(), right=last) | ast.BinOp(op=ast.Mod(), left=last)
        ):
            return _ends_line(last)
    return False


class _Total(Uses):
    """Finds numbers and elements that are read, and then written with a value computed from them."""

    def __init__(self, name: str) -> None:
        self._name = re.findall(r"\w+", name)[-1]
        self._is_global = self._name == name
        self.words = {self._name}

    def expression(self, node: ast.AST) -> Iterator[Event]:
        key, is_stored = "", False
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _READS_ELEMENT:
            key = f"{ast.unparse(node.func.value)}[{ast.unparse(node.args[0])}]" if node.args else ""
        elif isinstance(node, (ast.Attribute, ast.Subscript)) or (isinstance(node, ast.Name) and self._is_global):
            key, is_stored = ast.unparse(node), isinstance(node.ctx, ast.Store)
        if self._name in re.findall(r"\w+", key):
            yield Event(key, needs=is_stored, keeps=not is_stored)
