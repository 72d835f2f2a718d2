"""Load the target in a subinterpreter and call it there: the child's side of `interpreter_check`.

A subinterpreter imports this module, too, so it imports little. Each step is printed as a line when it begins, so
that the last one is known if the process crashes or hangs.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.machinery
import os
import pickle
import re
import sys

TYPE_CHECKING = False  # `typing` takes time to import
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, NoReturn

    from advisor.measure.interpreter_check import Request

REFUSED_MODULE = re.compile(r"module ([^.\s]+)\S* does not support loading in subinterpreters")
_ATTEMPTS = 2  # of a call that raises, which may be chance
_MAX_CAUSES = 20  # of an exception
_MAX_REASON = 300  # characters
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_OUTSIDE_EVENT = re.compile(  # audit events of what acts on anything outside of the process
    r"(ftplib|imaplib|poplib|shutil|smtplib|subprocess|syslog|webbrowser|winreg)\."
    r"|os\.(chflags|chmod|chown|kill|link|lockf|mkdir|posix_spawn|remove|rename|rmdir|setxattr|spawn|startfile|symlink"
    r"|system|truncate|utime)"
    r"|signal\.pthread_kill|socket\.(bind|connect|send)|urllib\.Request"
)


class OutsideEffectError(BaseException):
    """Raised in place of an effect outside the process; no `except Exception` of the target catches it."""


def main() -> NoReturn:
    """Serve the pickled Request on standard input."""
    answers = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the target may print
    with contextlib.suppress(ImportError):  # on Windows
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    request: Request = pickle.load(sys.stdin.buffer)
    if _try_in_new_interpreter(request, answers):
        # Some extension modules load in one interpreter only, in whichever is the first.
        _try_in_new_interpreter({**request, "arguments": None}, answers)
    _report(answers, "done")
    os._exit(0)


def _try_in_new_interpreter(request: Request, answers: int) -> bool:
    """Try the target; return True if extension modules were loaded."""
    interpreter = importlib.import_module("concurrent.interpreters").create()
    interpreter.exec(f"import sys; sys.path.append({request['advisor']!r})")
    has_extensions: bool = interpreter.call(try_target, pickle.dumps(request), answers)
    _report(answers, "step", "end")
    interpreter.close()
    return has_extensions


def try_target(pickled_request: bytes, answers: int) -> bool:
    """Load the target in this interpreter and call it; end the process at a failure."""
    request: Request = pickle.loads(pickled_request)
    if request["files"] or request["name"]:
        from advisor.target.loader import import_aliased, load
    sys.dont_write_bytecode = True
    sys.path[:] = request["path"]
    _refuse_outside_effects(answers)
    with _step("import", answers):
        if request["files"]:
            import_aliased(request["files"])
        function = load(request["name"]) if request["name"] else None
        if request["function"] is not None:
            function = pickle.loads(request["function"])
        for name in request["modules"]:
            _import_unless_missing(name)
    if request["arguments"] is not None:
        _call(function, request["arguments"], answers)
    return _has_extensions()


def _import_unless_missing(name: str) -> None:
    """Import a module; only a refusal is an error, since an object's `__module__` may name no module."""
    try:
        importlib.import_module(name)
    except Exception as error:
        if REFUSED_MODULE.match(_describe(error)):
            raise


def _call(function: Any, arguments: bytes, answers: int) -> None:
    for attempt in range(_ATTEMPTS):
        with _step("arguments", answers):
            args, kwargs = pickle.loads(arguments)
        with _step("call", answers, reports_failure=attempt + 1 == _ATTEMPTS) as done:
            result = function(*args, **kwargs)
            done.append(True)
        if done:
            with _step("result", answers):
                pickle.dumps(result)
            return


@contextlib.contextmanager
def _step(name: str, answers: int, *, reports_failure: bool = True) -> Iterator[list[bool]]:
    """Report that a step begins, and its failure, which ends the process."""
    _report(answers, "step", name)
    try:
        yield []
    except BaseException as error:  # noqa: BLE001  (the target may raise anything)
        if reports_failure or isinstance(error, OutsideEffectError):
            _report(answers, "failed", _describe(error))
            os._exit(0)


def _describe(error: BaseException) -> str:
    """Describe an exception in one line; the refusal of an extension module, if it is among the causes, comes first."""
    cause: BaseException | None = error
    for _ in range(_MAX_CAUSES):
        if cause is None:
            break
        if match := REFUSED_MODULE.search(_text(cause)):
            return match[0]
        cause = cause.__cause__ or cause.__context__
    first_line = next(iter(_text(error).strip().splitlines()), "")
    return f"{type(error).__qualname__}: {first_line}"[:_MAX_REASON].removesuffix(": ")


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  (the user's own __str__)
        return ""


def _refuse_outside_effects(answers: int) -> None:
    """Prevent whatever acts on files, other processes or the network, and report it."""

    def refuse(event: str, args: tuple[Any, ...]) -> None:
        if _acts_outside(event, args):
            _report(answers, "outside", event)
            raise OutsideEffectError(event)

    sys.addaudithook(refuse)


def _acts_outside(event: str, args: tuple[Any, ...]) -> bool:
    if event == "open":
        path, _, flags = args
        return bool(flags & _WRITING) and path != os.devnull
    if event == "sqlite3.connect":
        return bool(args[0] != ":memory:")
    return _OUTSIDE_EVENT.match(event) is not None


def _has_extensions() -> bool:
    """Return True if an extension module outside of the standard library is loaded."""
    return any(
        _is_extension(module)
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] not in sys.stdlib_module_names
    )


def _is_extension(module: Any) -> bool:
    with contextlib.suppress(Exception):  # in place of a module there may be anything
        return isinstance(module.__loader__, importlib.machinery.ExtensionFileLoader)
    return False


def _report(answers: int, kind: str, text: str = "") -> None:
    os.write(answers, f"{kind} {text}\n".encode(errors="replace"))
