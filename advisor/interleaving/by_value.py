"""Pickle a function and its calls for the process that searches, with locks, which are made anew there."""

from __future__ import annotations

import threading
from collections import ChainMap
from collections.abc import Callable, Iterator
from io import BytesIO
from types import CodeType, FunctionType
from typing import Any, ClassVar

from advisor.errors import UsageError
from advisor.interleaving.callables import carried, qualified_name
from advisor.measure.introspection import plain_function

_Key = tuple[str, int]  # qualified name and first line of a function


def new_lock() -> Any:
    return threading.Lock()


def new_rlock() -> Any:
    return threading.RLock()


_LOCKS: dict[type, Callable[[Any], tuple[Callable[[], Any], tuple[()]]]] = {
    type(threading.Lock()): lambda lock: (new_lock, ()),
    type(threading.RLock()): lambda lock: (new_rlock, ()),
}


def pickle_by_value(function: Callable[..., Any], inputs: list[Any] | None, star: bool) -> bytes:
    """Return the pickled function, by value where it cannot be imported, with its inputs.

    Raises:
        UsageError: Something cannot be pickled.
    """
    import cloudpickle

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
        dispatch_table: ClassVar[Any] = ChainMap(_LOCKS, cloudpickle.Pickler.dispatch_table)

    buffer = BytesIO()
    try:
        Pickler(buffer).dump((function, inputs, star, _files(function)))
    except Exception as error:
        raise UsageError(f"{qualified_name(function)} cannot be sent to the process that searches: {error}") from error
    return buffer.getvalue()


def load_by_value(pickled: bytes) -> tuple[Callable[..., Any], list[Any] | None, bool]:
    """Return what `pickle_by_value` pickled, with the names of files that cloudpickle leaves out from 3.1.3."""
    import cloudpickle

    function, inputs, star, files = cloudpickle.loads(pickled)
    for each in functions_of(function):
        file = files.get(_key(each.__code__))
        if file is not None and each.__code__.co_filename != file:
            each.__code__ = _with_file(each.__code__, file)
    return function, inputs, star


def functions_of(function: Any) -> Iterator[FunctionType]:
    """Yield the function of a callable, and the functions and methods among its globals and of what it carries."""
    plain = plain_function(function)
    if plain is None:
        return
    yield plain
    if isinstance(function, FunctionType) and function is not plain:
        yield function
    kinds = [type(value) for _, value in carried(function)]
    for value in (*list(plain.__globals__.values()), *kinds):
        parts = list(vars(value).values()) if isinstance(value, type) else [value]
        yield from (part for part in parts if isinstance(part, FunctionType))


def _files(function: Callable[..., Any]) -> dict[_Key, str]:
    return {_key(each.__code__): each.__code__.co_filename for each in functions_of(function)}


def _key(code: CodeType) -> _Key:
    return code.co_qualname, code.co_firstlineno


def _with_file(code: CodeType, file: str) -> CodeType:
    constants = tuple(_with_file(each, file) if isinstance(each, CodeType) else each for each in code.co_consts)
    return code.replace(co_filename=file, co_consts=constants)
