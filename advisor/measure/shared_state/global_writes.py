"""Detect which globals of the user's modules calls write: rebind, or change in place."""

from __future__ import annotations

import dis
import inspect
import pickle
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

from advisor.measure.introspection import module_namespace, module_origin
from advisor.measure.shared_state.attribute_chains import Element, Step, names_in
from advisor.measure.shared_state.mutations import CACHE_WORDS
from advisor.measure.shared_state.object_parts import is_a, module_name, root_of

_MAX_COMPARED_BYTES = 1 << 20  # pickled; of a larger global only the length is compared
_MAX_COMPARED_LENGTH = 10_000
_PLAIN = (int, float, complex, str, bytes, bool, type(None))
_CHANGING = frozenset(
    {"__setitem__", "__delitem__", "append", "appendleft", "extend", "insert", "add", "update", "setdefault", "clear"}
    | {"remove", "discard", "pop", "popleft", "popitem", "sort", "reverse"}
)  # methods of containers
_WRITES = ("__setitem__", "update")
_LOOKED_AT = ("__len__", "pop", "popleft", "index", "count", "copy")
_LOOKS = (("__bool__",), ("__len__",))


class Variable(NamedTuple):
    """A global variable, and the functions that use it."""

    namespace: dict[str, Any]
    name: str
    functions: set[CodeType]


def written(before: Mapping[str, object], after: Mapping[str, object]) -> set[str]:
    """Return the names of the globals whose `states` differ."""
    return {
        name for name, state in after.items() if (before.get(name),) != (state,)
    }  # within tuples, the same NaN is equal


def states(variables: Mapping[str, Variable], *, contents: bool = True) -> dict[str, object]:
    """Return a state for each global, which differs after it has been written.

    Without `contents`, and in other modules, which may have many containers, only the length of a container counts.
    """
    return {
        name: _state_or_identity(value, contents=contents and not is_elsewhere(name))
        for name, value in values(variables).items()
    }


def accumulated(
    variables: Mapping[str, Variable], before: Mapping[str, object], written: Iterable[str]
) -> dict[str, bool]:
    """Return the written globals that count or collect results, with True for numbers.

    A dictionary may be a cache, and is included only if it numbers its keys, or if nothing looks anything up there. A
    global that was None is set once.
    """
    found: dict[str, bool] = {}
    for name in sorted(written):
        value, state = variables[name].namespace.get(variables[name].name), before.get(name)
        is_number = _is_number(value) and _is_number(state)
        is_collection = issubclass(type(value), (list, set, bytearray)) and isinstance(state, tuple)
        is_numbering = type(value) is dict and _numbers_in_turn(value)
        is_store = type(value) is dict and isinstance(state, tuple) and _is_only_written(variables[name])
        is_cache = any(word in name.lower() for word in CACHE_WORDS)
        if not is_cache and (is_number or is_collection or is_numbering or is_store):
            found[name] = is_number or is_numbering
    return found


def looked_at(variables: Mapping[str, Variable], names: Iterable[str]) -> set[str]:
    """Return those of the lists and sets whose length or elements the functions use: their results depend on it."""
    return {
        name
        for name in names
        if issubclass(type(variables[name].namespace.get(variables[name].name)), (list, set, bytearray))
        and any(isinstance(step, Element) or step in _LOOKED_AT for step in _last_steps(variables[name]))
    }


def _is_only_written(variable: Variable) -> bool:
    steps = list(_last_steps(variable))
    return bool(steps) and all(step in _WRITES for step in steps)


def _last_steps(variable: Variable) -> Iterator[Step | None]:
    """Yield what the functions do with a global: the last attribute or element that they take from it."""
    for code in variable.functions:
        for chain in names_in(code).chains:
            path = (chain.root, *chain.attributes)
            if chain.kind == "global" and variable.name in path:
                rest = path[path.index(variable.name) + 1 :]
                yield rest[0] if rest else None


def may_write_shared(function: FunctionType) -> bool:
    """Return True if the code of a function may rebind a global, or change one or a closure's object in place.

    For calls that cannot be watched: it shows no more than the names of the methods.
    """
    code = function.__code__
    if any(instruction.opname in ("STORE_GLOBAL", "DELETE_GLOBAL") for instruction in dis.get_instructions(code)):
        return True
    for chain in names_in(code).chains:
        if chain.kind not in ("global", "closure") or any(word in chain.root.lower() for word in CACHE_WORDS):
            continue
        is_module = is_a(root_of(chain, function, {}), ModuleType) and len(chain.attributes) < 2
        if not is_module and (chain.stored or (chain.attributes[-1:] and chain.attributes[-1] in _CHANGING)):
            return True
    return False


def set_up_once(variables: Mapping[str, Variable], after_first: Mapping[str, object]) -> set[str]:
    """Return the globals that the first call may have set up, as in `if not ROWS: ROWS.extend(…)`.

    They have kept their number or length since, and a function that uses them looks if a global is empty.
    """
    return {
        name
        for name, size in states(variables, contents=False).items()
        if after_first.get(name) == size and any(map(_looks_if_empty, variables[name].functions))
    }


def _looks_if_empty(code: CodeType) -> bool:
    return any(chain.kind == "global" and chain.attributes[-1:] in _LOOKS for chain in names_in(code).chains)


def stored(variables: Mapping[str, Variable], written: Iterable[str]) -> set[str]:
    """Return the written dictionaries of other modules into which a function that returns nothing stores results.

    One that returns what it looks up there has a cache.
    """
    return {
        name
        for name in written
        if is_elsewhere(name)
        and issubclass(type(variables[name].namespace.get(variables[name].name)), dict)
        and not any(word in name.lower() for word in CACHE_WORDS)
        and any(map(returns_nothing, variables[name].functions))
    }


def returns_nothing(code: CodeType) -> bool:
    """Return True if a function only ever returns None, and yields nothing."""
    if code.co_flags & inspect.CO_GENERATOR:
        return False
    instructions = list(dis.get_instructions(code))
    for before, instruction in pairwise(instructions):
        is_none = before.opname.startswith("LOAD_CO") and before.argval is None
        if (instruction.opname == "RETURN_VALUE" and not is_none) or (
            instruction.opname == "RETURN_CONST" and instruction.argval is not None
        ):
            return False
    return True


def _is_number(value: object) -> bool:
    return issubclass(type(value), (int, float)) and type(value) is not bool


def _numbers_in_turn(value: dict[Any, Any]) -> bool:
    """Return True if keys are numbered in turn, so that a key's number depends on all keys before it."""
    numbers = list(value.values())
    return (
        len(numbers) > 2
        and all(type(number) is int for number in numbers)
        and (numbers == list(range(numbers[0], numbers[0] + len(numbers))))
    )


def used_globals(function: FunctionType | None, functions: Iterable[FunctionType] = ()) -> dict[str, Variable]:
    """Return the globals that a function, and the user's functions that it calls, use; none without a function.

    Those of the function's own module come first, by their names; those of other modules are named `module.name`.
    """
    if function is None:
        return {}
    own: dict[str, Variable] = {}
    others: dict[str, Variable] = {}
    for each in (function, *functions):
        for namespace, name in _variables(each):
            is_own = namespace is function.__globals__
            known, key = (own, name) if is_own else (others, f"{namespace.get('__name__')}.{name}")
            variable = known.setdefault(key, Variable(namespace, name, set()))
            variable.functions.add(each.__code__)
    return {name: found[name] for found in (own, others) for name in sorted(found)}


def values(variables: Mapping[str, Variable]) -> dict[str, Any]:
    """Return the values of the globals that exist now, each object once."""
    found: dict[str, Any] = {}
    names: dict[int, str] = {}
    for key, variable in variables.items():
        if variable.name in variable.namespace:
            value = variable.namespace[variable.name]
            if type(value) in _PLAIN or not is_elsewhere(key) or id(value) not in names:
                names.setdefault(id(value), key)
                found[key] = value
    return found


def is_elsewhere(name: str) -> bool:
    """Return True if it is the name of a global of another module than the target's."""
    return "." in name


def _variables(function: FunctionType) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the globals that a function names, and the variables that it takes from the user's other modules."""
    code = function.__code__
    for name in names_in(code).globals:
        yield function.__globals__, name
    for chain in names_in(code).chains:
        thing = root_of(chain, function, {})
        for step in chain.attributes:
            if not is_a(thing, ModuleType) or module_origin(module_name(thing)) != "user" or type(step) is not str:
                break
            namespace = module_namespace(thing)
            yield namespace, step
            thing = namespace.get(step)


def _state_or_identity(value: Any, *, contents: bool) -> object:
    try:
        return _state(value, contents=contents)
    except Exception:  # noqa: BLE001  (comparing or pickling may run the user's code)
        return _identity(value)


def _identity(value: Any) -> str:
    return f"object {id(value)}"  # a number would look like a count


def _state(value: Any, *, contents: bool) -> object:
    """Return a value that differs after a change, also of the contents if asked; for opaque objects, the identity."""
    kind = type(value)  # a user's proxy may compute `__class__`
    if issubclass(kind, (int, float, complex, str, bytes, bool, type(None))):
        return value
    if issubclass(kind, (list, dict, set, bytearray)):
        if len(value) > _MAX_COMPARED_LENGTH:
            return len(value)
        if not contents:
            return len(value), None
        try:
            content = pickle.dumps(value)
        except Exception:  # noqa: BLE001  (an element may raise anything)
            return len(value)
        return len(value), hash(content) if len(content) <= _MAX_COMPARED_BYTES else None
    return _identity(value)
