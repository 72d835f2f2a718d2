"""Try the target in a subinterpreter, where many extension modules cannot be imported.

It is tried in a process of its own, since an extension module that is not prepared for subinterpreters may crash or
hang. Anything that would act on files, other processes or the network ends the call instead.
"""

from __future__ import annotations

import pickle
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, TypedDict

from advisor.input_limits import MAX_COPIED_BYTES
from advisor.measure import pickling
from advisor.measure.interpreter_check_child import REFUSED_MODULE
from advisor.measure.introspection import module_namespace, plain_function
from advisor.measure.shared_state.global_writes import used_globals, values
from advisor.models import InterpreterCheck, Profile
from advisor.target import python_command
from advisor.target.bounded_process import Ended, run_bounded
from advisor.target.inputs import Call
from advisor.target.loader import aliased_files, is_importable_as

AVAILABLE = sys.version_info >= (3, 14) and sys.implementation.name == "cpython"
NOT_IN_NOTEBOOKS = InterpreterCheck(failure="a subinterpreter cannot import a notebook") if AVAILABLE else None
CALL_SHARE = 0.1  # of the time for measuring that the call may take
_CHILD = "advisor.measure.interpreter_check_child:main"
_CLIENTS = frozenset({"connection", "session", "socket"})  # touches that reach other processes
_PATIENCE = 5.0  # seconds, for the interpreters to start and end on a busy host
_SLOWER = 10.0  # times what importing and calling took before, after which they hang
_USUAL_IMPORT = 1.0  # seconds, where they are unknown
_STEPS = {
    "import": "importing {module} in a subinterpreter",
    "arguments": "unpickling the arguments in a subinterpreter",
    "call": "a call in a subinterpreter",
    "result": "pickling the result in a subinterpreter",
    "end": "ending the subinterpreter",
}


class Request(TypedDict):
    """A request to the child process; parts that may fail to unpickle are pickled separately."""

    advisor: str  # the folder with this package
    path: list[str]  # where to look for modules
    files: dict[str, str]  # to import under aliases
    function: bytes | None  # None: it cannot be pickled, or not be imported
    name: str | None  # to look up a function that cannot be pickled
    modules: list[str]  # that the function uses, as far as is known
    arguments: bytes | None  # positional and keyword arguments; None: make no call


class _NotSendableError(Exception):
    """Raised if something cannot be sent to a subinterpreter; the text says why."""


def check_interpreter(
    profile: Profile, function: Callable[..., Any], calls: Sequence[Call] | None, *, budget: float, patience: float
) -> InterpreterCheck | None:
    """Load the target in a subinterpreter, and call it there if that is quick and has no effects outside.

    Args:
        profile: What was measured so far.
        function: The target.
        calls: Calls that worked, or None if there are no arguments.
        budget: Seconds that measuring may take.
        patience: Seconds after which anything is considered to hang.

    Returns:
        The outcome; None if there are no subinterpreters, something else rules them out, or it is unclear.
    """
    name = _name(profile, function) if profile.picklable.function is False else None
    if not _is_worth_trying(profile, name):
        return None
    call = calls[0] if calls else Call()
    try:
        request = _request(profile, name or function, call if _may_call(profile, budget) else None)
    except _NotSendableError as error:
        return InterpreterCheck(failure=str(error))
    # Warnings must not become errors in the child.
    command = python_command.command(_CHILD, options=("-W", "ignore"))
    seconds = min(_longest(profile), patience)
    ended = run_bounded(command, seconds, text=pickle.dumps(request))
    if ended is None:
        return None
    module = getattr(function, "__module__", None) or "the target"
    return _outcome(ended, str(module), seconds, called=request["arguments"] is not None)


def _longest(profile: Profile) -> float:
    """Return the seconds that trying the target takes at most, unless it hangs."""
    imported = _USUAL_IMPORT if profile.import_seconds is None else profile.import_seconds
    return _PATIENCE + _SLOWER * (imported + max(profile.first_call or 0.0, profile.wall))


def _name(profile: Profile, function: Callable[..., Any]) -> str | None:
    """Return the name by which a subinterpreter finds a function that cannot be pickled, if there is one."""
    if profile.target and ":" in profile.target:  # as the user named it
        return profile.target
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", "")
    return f"{module}:{name}" if module != "__main__" and is_importable_as(function, module, name) else None


def _is_worth_trying(profile: Profile, name: str | None) -> bool:
    """Return True if, as far as is known, a pool of subinterpreters could do the job."""
    is_started_by_file = bool(sys.executable) and not getattr(sys, "frozen", False)
    picklable = profile.picklable
    can_be_sent = name or picklable.function is not False
    return bool(
        AVAILABLE
        and is_started_by_file
        and can_be_sent
        and not profile.coroutine
        and False not in (picklable.arguments, picklable.results)
    )


def _may_call(profile: Profile, budget: float) -> bool:
    """Return True if one more call is quick, and finds the same state as the calls before it."""
    effects = profile.side_effects
    has_effects = effects is not None and (
        effects.threads_left or effects.children_left or any(name.startswith("argument ") for name in effects.changed)
    )
    is_quick = max(profile.first_call or 0.0, profile.wall) <= CALL_SHARE * budget
    return is_quick and not has_effects and not any(touch.kind in _CLIENTS for touch in profile.touches)


def _request(profile: Profile, function: Callable[..., Any] | str, call: Call | None) -> Request:
    """Return the request for a function or its name: make a call, or else import the target and what it uses.

    Only this program can load what belongs to its main module.
    """
    name, pickled, used = None, None, profile.modules
    if isinstance(function, str):
        name = function
    elif (pickled := _pickled(function, "function")) is None:
        used, call = (*used, *_modules_of_main(function)), None
    arguments = _pickled((call.args, call.kwargs), "arguments") if call else None
    if arguments is not None:
        arguments, used = (arguments, ()) if len(arguments) <= MAX_COPIED_BYTES else (None, used)
    modules = [module for module in dict.fromkeys(used) if module in sys.modules and module != "__main__"]
    return Request(
        advisor=str(Path(__file__).parent.parent.parent),
        path=[entry for entry in sys.path if isinstance(entry, str)],
        files=aliased_files(),
        function=pickled,
        name=name,
        modules=modules,
        arguments=arguments,
    )


def _pickled(thing: Any, name: str) -> bytes | None:
    """Pickle an object as a pool of subinterpreters does; None if it belongs to the main module."""
    try:
        data = pickle.dumps(thing)
    except Exception as error:  # the user's __reduce__ may raise anything
        reason = pickling.reason_of(error, thing)
        raise _NotSendableError(f"the {name} cannot be sent to a subinterpreter: {reason}") from error
    return None if b"__main__" in data else data


def _modules_of_main(function: Callable[..., Any]) -> list[str]:
    """Return the modules that the program imports, since a subinterpreter runs it to find the function.

    A function that uses no globals is sent as it is.
    """
    plain = plain_function(function)
    if plain is not None and not plain.__closure__ and not values(used_globals(plain)):
        return []
    main = sys.modules["__main__"]
    if not hasattr(main, "__file__"):
        raise _NotSendableError("the function belongs to an interactive session, which no subinterpreter can load")
    modules = [module_namespace(thing) for thing in vars(main).values() if issubclass(type(thing), ModuleType)]
    return [str(module["__name__"]) for module in modules if "__name__" in module]


def _outcome(ended: Ended, module: str, seconds: float, *, called: bool) -> InterpreterCheck | None:
    """Read the child's lines, of which the last one shows where it ended."""
    lines = [line.partition(" ") for line in ended.output.decode(errors="replace").splitlines()]
    steps = [text for kind, _, text in lines if kind == "step"]
    if not steps or ended.status == -getattr(signal, "SIGKILL", 9):  # it did not start, or memory ran out
        return None
    kind, _, text = lines[-1]
    if any(kind == "outside" for kind, _, _ in lines):
        return InterpreterCheck() if steps[-1] == "call" else None
    if kind == "done":
        return InterpreterCheck(called=called)
    failure = _failure(_STEPS[steps[-1]].format(module=module), text if kind == "failed" else "", ended.status, seconds)
    return InterpreterCheck(called=steps[-1] in ("call", "result"), failure=failure)


def _failure(step: str, raised: str, status: int | None, seconds: float) -> str:
    if match := REFUSED_MODULE.match(raised):
        return f"{match[1]} cannot be imported in a subinterpreter: {raised}"
    if raised:
        return f"{step} raises {raised}"
    if status is None:
        return f"{step} did not end within {seconds:.0f} s"
    if status >= 0:
        return f"{step} ended the process with status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"{step} crashed the process with {name}"
