"""Exceptions that arrive in another process as what they were.

By default an exception is rebuilt by calling its class with `args`, which fails, or gives another exception, where
`__init__` takes other arguments. Such exceptions are rebuilt without `__init__`.
"""

from __future__ import annotations

import contextlib
import pickle
import traceback
from types import GetSetDescriptorType, MemberDescriptorType
from typing import Any

from advisor.jobs.pools.pickles import Dumps


class RemoteTraceback(Exception):  # noqa: N818  (the name that the pools of the standard library use)
    """The traceback of a worker, as the cause of the exception that it raised."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f'\n"""\n{self.text}"""'


def pack(error: BaseException, dumps: Dumps) -> bytes:
    """Pickle an exception with its traceback, by any way that works."""
    return pickle.dumps((describe(error), _traceback(error), _payload(error, dumps)), 5)


def unpack(data: bytes | memoryview) -> BaseException:
    """Return the exception that was packed; its cause is a RemoteTraceback."""
    description, trace, payload = pickle.loads(data)
    error: BaseException
    try:
        loaded = pickle.loads(payload)
        error = _rebuild(*loaded) if isinstance(loaded, tuple) else loaded
    except Exception as problem:  # noqa: BLE001  (the user's classes take part)
        error = RuntimeError(description)
        error.add_note(f"The exception itself could not be sent: {describe(problem)}")
    error.__cause__ = RemoteTraceback(trace)
    return error


def _payload(error: BaseException, dumps: Dumps) -> bytes:
    """Return the pickled exception if unpickling gives the same, or else the pickled arguments of `_rebuild`."""
    with contextlib.suppress(Exception):
        data = dumps(error)
        if _is_same(error, pickle.loads(data)):
            return data
    notes: list[str] = []
    all_args = _built_in(type(error)).__reduce__(error)[1]  # those of OSError are more than its `args`
    args = tuple(_sendable(arg, f"argument {i}", dumps, notes) for i, arg in enumerate(all_args))
    attributes = {}
    for name, value in vars(error).items():
        if _can_travel(value, dumps):
            attributes[name] = value
        else:
            notes.append(f"The attribute {name!r} of type {_name(type(value))} could not be sent.")
    try:
        return dumps((type(error), args, attributes, notes))
    except Exception as problem:  # noqa: BLE001  (a class that no way can pickle)
        fallback = RuntimeError(describe(error))
        fallback.add_note(f"The class {_name(type(error))} could not be sent: {describe(problem)}")
        return pickle.dumps(fallback, 5)


def _is_same(error: BaseException, copy: Any) -> bool:
    if type(copy) is not type(error) or len(copy.args) != len(error.args) or vars(copy).keys() != vars(error).keys():
        return False
    values = [(getattr(copy, name, None), getattr(error, name, None)) for name in _fields(_built_in(type(error)))]
    values += zip(copy.args, error.args, strict=True)
    return all(type(a) is type(b) and (a is b or bool(a == b)) for a, b in values)


def _fields(built_in: Any) -> list[str]:
    """Return the names of what a built-in exception keeps besides `args`, such as the value of StopIteration.

    A library may have changed how exceptions are pickled, and forget these, as tblib does.
    """
    kinds = (GetSetDescriptorType, MemberDescriptorType)
    return [
        name
        for base in built_in.__mro__[:-2]  # without BaseException and object
        for name, member in vars(base).items()
        if isinstance(member, kinds) and not name.startswith("_") and name != "obj"  # which pickle leaves behind
    ]


def _rebuild(
    cls: type[BaseException], args: tuple[Any, ...], attributes: dict[str, Any], notes: list[str]
) -> BaseException:
    built_in = _built_in(cls)
    error: BaseException = built_in.__new__(cls, *args)
    built_in.__init__(error, *args)
    vars(error).update(attributes)
    for note in notes:
        error.add_note(note)
    return error


def _built_in(cls: type[BaseException]) -> Any:
    return next(base for base in cls.__mro__ if base.__module__ == "builtins")


def _sendable(value: Any, what: str, dumps: Dumps, notes: list[str]) -> Any:
    """Return the value, or its text if it cannot travel."""
    if _can_travel(value, dumps):
        return value
    notes.append(f"The {what} of type {_name(type(value))} could not be sent; its text is in its place.")
    return _text(value)


def _can_travel(value: Any, dumps: Dumps) -> bool:
    try:
        pickle.loads(dumps(value))
    except Exception:  # noqa: BLE001  (the user's classes take part)
        return False
    return True


def describe(error: BaseException) -> str:
    """Return the class and the text of an exception."""
    text = _text(error, str)
    return f"{_name(type(error))}: {text}" if text else _name(type(error))


def _text(value: Any, text: Any = repr) -> str:
    try:
        return str(text(value))[:10_000]
    except Exception:  # noqa: BLE001  (the user's own method)
        return f"<{_name(type(value))}>"


def _name(cls: type) -> str:
    return cls.__qualname__ if cls.__module__ in ("builtins", "__main__") else f"{cls.__module__}.{cls.__qualname__}"


def _traceback(error: BaseException) -> str:
    try:
        from advisor.target.failures import user_traceback  # loads the linecache, for failures only
    except ImportError:  # in a worker of a cluster, which has this module's code alone
        user_traceback = _format
    try:
        return user_traceback(error)
    except Exception:  # noqa: BLE001  (the user's own __str__)
        return describe(error)


def _format(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))
