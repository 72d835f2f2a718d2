"""Find the effects of method calls, by the kind of the object and the name of the method."""

from __future__ import annotations

import ast

from advisor.survey.effects import Access, How, Outcome
from advisor.survey.known_calls import (
    ARGUMENT_METHODS,
    CHANGING_BEGINNINGS,
    CHANGING_METHODS,
    FILE_METHODS,
    FOLDING_METHODS,
    ITEM_METHODS,
    LOGGING_METHODS,
    PATH_METHODS,
    READ_MODULES,
    READING_METHODS,
    VIEW_METHODS,
    Effect,
    effect_of,
)
from advisor.survey.library_calls import file_finding, finding, has_true, opened, read_finding, stream_finding
from advisor.survey.loop_body import ITEM
from advisor.survey.scopes import Module
from advisor.survey.values import FRESH, NEW, Value, Values, holding, longer

_WRITING = ("write", "writelines", "writerow", "writerows", "flush", "writeheader")
_ASKING = ("read_text", "read_bytes", "exists", "is_file", "is_dir", "stat", "lstat", "iterdir")
_SEARCHING = ("glob", "rglob")
_STREAM_QUESTIONS = ("tell", "getvalue", "getbuffer")
_CONSUMING = ("read", "readline", "readlines", "next", "send", "recv", "recvfrom", "readframes")
_LOGGER_NAMES = ("log", "logger", "logging", "_log", "_logger")
SQL_METHODS = ("execute", "executemany", "executescript", "to_sql")
_STREAMS = ("hashlib.", "hmac.", "zlib.", "bz2.", "lzma.", "xxhash.", "Crypto.")
_STREAM_NAMES = (
    "h",
    "hash",
    "hasher",
    "digest",
    "md5",
    "sha",
    "sha1",
    "sha256",
    "checksum",
    "crc",
    "mac",
    "pbar",
    "bar",
)
_RANDOM = ("random.Random", "random.SystemRandom", "numpy.random.default_rng", "numpy.random.RandomState",
           "numpy.random.Generator", "numpy.random.SeedSequence")  # fmt: skip
_SHARED = ("database", "pool", "process state", "progress")  # the effects of all methods of an object


def method_effect(kind: str, method: str, receiver: ast.expr) -> Effect | None:
    """Return the effect of a method by the kind of its object, or None if its name has to tell."""
    if kind.startswith(_RANDOM):
        return "random" if method != "getstate" else "pure"
    if kind.startswith("queue."):
        return None
    if kind.startswith("logging.") or (not kind and _last_name(receiver) in _LOGGER_NAMES):
        return "output" if method in LOGGING_METHODS else None
    if kind and not kind.startswith(("class ", "builtins.")) and effect_of(kind) in _SHARED:
        return effect_of(kind)
    if (
        not kind
        and _last_name(receiver) in ("pbar", "progress_bar", "progress")
        and method.startswith(("update", "set_", "advance"))
    ):
        return "progress"
    return "output" if method in _WRITING else None


def _last_name(node: ast.expr) -> str:
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return str(name).lower()


def folds(kind: str, method: str, receiver: ast.expr) -> bool:
    """Return True if calls of a method of such an object may come later, in the same order, with the same effect."""
    effect = method_effect(kind, method, receiver)
    if kind.startswith(("class ", *_STREAMS)) or effect in ("random", *_SHARED):
        return False
    return not (method == "update" and not kind and _last_name(receiver) in _STREAM_NAMES)


def method_outcome(
    call: ast.Call, kind: str, values: Values, module: Module, *, only_asks: bool = False, keeps: bool = False
) -> Outcome:
    """Return what a call of a method does that is not the user's.

    Args:
        call: The call.
        kind: Of its object.
        values: Those of the statements.
        module: With the call.
        only_asks: It executes a statement in SQL that changes nothing.
        keeps: The object may keep state, though the method has the name of one of strings or numbers.
    """
    assert isinstance(call.func, ast.Attribute)
    receiver, method, file, line = call.func.value, call.func.attr, module.file, call.lineno
    paths = values.of(receiver).outside
    effect = method_effect(kind, method, receiver)
    called = ast.unparse(call.func)
    if method in SQL_METHODS and (paths or not only_asks):
        return Outcome(findings=(finding("database", ast.unparse(receiver), file, line),))
    if effect == "output":
        changed = _all(paths, "reduce", line, "write") if method in _WRITING else ()
        found = (finding("output", called, file, line),) if paths or method not in _WRITING else ()
        return Outcome(changed, found, output=True)
    if effect == "progress":
        return Outcome(findings=(finding("progress", called, file, line),), output=True)
    if effect is not None and effect != "pure":
        if effect == "random":
            text = finding(effect, ast.unparse(receiver), file, line).text
            changed = _all(paths, "unclear", line, text)
            shuffled = values.of(call.args[0]).outside if method == "shuffle" and call.args else frozenset()
            return Outcome((*changed, *_all(shuffled, "change", line)))
        return Outcome(findings=(finding(effect, ast.unparse(receiver), file, line),) if paths else ())
    if method == "open" and "." not in kind.removeprefix("pathlib."):
        return opened(call, receiver, 0, values, file)
    if method in FILE_METHODS:
        return _file(call, receiver, method, values, module)
    shared = frozenset(path for path in paths if path[0] != ITEM)
    if keeps and shared:
        return Outcome(_all(shared, "unclear", line, _unclear_text(call.func)), reads_receiver=True)
    return _by_name(call, kind, method, values, module)


def _unclear_text(method: ast.Attribute) -> str:
    return f"calls `{ast.unparse(method)}`, which may change `{ast.unparse(method.value)}` or what it uses"


def _file(call: ast.Call, receiver: ast.expr, method: str, values: Values, module: Module) -> Outcome:
    """Return what a method does that writes a file."""
    if has_true(call, "exist_ok") or has_true(call, "missing_ok"):
        return Outcome(reads_receiver=True)
    named = [receiver] if method in PATH_METHODS else [*call.args, *(k.value for k in call.keywords)]
    if not named:
        return Outcome(reads_receiver=True)
    depends = frozenset().union(*(values.roots_of(each) for each in named))
    found = file_finding(ast.unparse(call.func), module.file, call.lineno, depends, named[0])
    return Outcome(findings=(found,), reads_receiver=True)


def _by_name(call: ast.Call, kind: str, method: str, values: Values, module: Module) -> Outcome:
    assert isinstance(call.func, ast.Attribute)
    value = values.of(call.func.value)
    line = call.lineno
    if method == "setdefault" and call.args:
        key = f"[{ast.unparse(call.args[0])}]"
        return Outcome(_all({longer(path, key) for path in value.outside}, "reduce", line, "first", in_place=False))
    is_inplace = has_true(call, "inplace")
    if method == "get" and not call.args and not call.keywords:  # of a queue, not of a dictionary
        return Outcome(_all(value.outside, "consume", line))
    if method == "sample" and not any(keyword.arg == "random_state" for keyword in call.keywords) and value.outside:
        found = finding("random", ast.unparse(call.func), module.file, line)
        return Outcome(findings=(found,), reads_receiver=True)
    if method in ARGUMENT_METHODS and call.args:
        return Outcome(_all(values.of(call.args[0]).outside | value.outside, "change", line))
    if (method in _ASKING and not call.args) or (method in _SEARCHING and len(call.args) == 1):
        return Outcome(findings=(read_finding(call.func.value, module.file, line),), reads_receiver=True)
    if method in _STREAM_QUESTIONS and value.outside:
        return Outcome(findings=(stream_finding(call.func, module.file, line),), reads_receiver=True)
    if method in READING_METHODS and not is_inplace and not kind.startswith("PIL.ImageDraw"):
        return Outcome(reads_receiver=True)
    if _is_stream_read(kind, method):
        return Outcome(reads_receiver=True)
    if method in FOLDING_METHODS or method in CHANGING_METHODS or is_inplace:
        how: How = "consume" if method in _CONSUMING else "change"
        return Outcome(_all(value.outside, how, line))
    if not value.outside:
        return Outcome(reads_receiver=True)
    if is_plain_library(kind):
        if method.startswith(CHANGING_BEGINNINGS) or kind.startswith("PIL.ImageDraw"):
            return Outcome(_all(value.outside, "change", line))
        return Outcome(reads_receiver=True)
    return Outcome(_all(value.outside, "unclear", line, _unclear_text(call.func)), reads_receiver=True)


def handed_on(method: ast.Attribute, values: Values) -> tuple[Access, ...]:
    """Return what a method changes that is given to a function, as in `map(seen.add, words)`."""
    if method.attr not in CHANGING_METHODS | FOLDING_METHODS.keys() | {"__next__", "__setitem__", "__delitem__"}:
        return ()
    return _all(values.of(method.value).outside, "change", method.lineno)


def is_plain_library(kind: str) -> bool:
    """Return True for the kind of an object of a library whose other methods only read it."""
    if kind.partition(".")[0] not in READ_MODULES or "Parser" in kind:
        return False
    return "." in kind and effect_of(kind) in ("pure", "holds", "part")


def _is_stream_read(kind: str, method: str) -> bool:
    return kind.startswith(("zipfile.", "tarfile.")) and method in ("read", "open", "extractfile")


def _all(
    paths: frozenset[tuple[str, ...]] | set[tuple[str, ...]],
    how: How,
    line: int,
    operation: str = "",
    *,
    in_place: bool = True,
) -> tuple[Access, ...]:
    return tuple(Access(path, how, line, operation, in_place) for path in sorted(paths))


def method_result(call: ast.Call, kind: str, values: Values, arguments: list[Value]) -> Value:
    """Return where the result of a method comes from."""
    assert isinstance(call.func, ast.Attribute)
    owner, method = values.of(call.func.value), call.func.attr
    if method in ITEM_METHODS:
        key = f"[{ast.unparse(call.args[0])}]" if call.args and method in ("get", "setdefault") else "[]"
        held = owner.parts if FRESH in owner.itself else frozenset()
        itself = frozenset(longer(path, key) for path in owner.outside) | held
        for default in arguments[1:]:
            itself |= default.itself
        return Value(itself, frozenset(longer(path, "[]") for path in itself))
    if method in VIEW_METHODS:
        return owner | NEW
    known = (
        is_plain_library(kind)
        or effect_of(kind) in _SHARED
        or method in READING_METHODS
        or method in FILE_METHODS
        or method in FOLDING_METHODS
    )
    if known or not owner.outside:
        return holding([owner.part])
    paths = (owner.itself | owner.parts).union(*(each.itself | each.parts for each in arguments))
    return Value(paths | {FRESH}, paths | {FRESH})
