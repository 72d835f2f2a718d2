"""The program that is surveyed: a script or a module, with its arguments, run as `python` would run it."""

from __future__ import annotations

import atexit
import importlib.machinery
import importlib.util
import io
import os
import sys
import types
from collections.abc import Callable
from types import CodeType, TracebackType
from typing import NamedTuple

Compile = Callable[[bytes, str], CodeType]  # source and file name to code
Stop = Callable[[], None]
FAILED = 1
INTERRUPTED = 130


class Program(NamedTuple):  # a data class would import `inspect` into the program
    """A script or, with `is_module`, a module, with its arguments."""

    name: str
    arguments: tuple[str, ...] = ()
    is_module: bool = False

    def __str__(self) -> str:
        return " ".join([*(["-m"] if self.is_module else []), self.name, *self.arguments])

    def find(self) -> str:
        """Return the path of the file that runs as `__main__`.

        Raises:
            FileNotFoundError: There is no such script or module; the text says which and why.
        """
        if not self.is_module:
            if os.path.isdir(self.name):  # noqa: PTH112  (the child imports as little as possible)
                raise FileNotFoundError(f"{self.name} is a folder: name a script in it, or a module with -m")
            if not os.path.isfile(self.name):  # noqa: PTH113
                raise FileNotFoundError(f"there is no file {self.name}")
            return self.name
        spec = _find_main(self.name)
        if spec.origin is None or not spec.origin.endswith(".py"):
            raise FileNotFoundError(f"module {self.name} has no Python source")
        return spec.origin

    def run(self, compile_source: Compile) -> None:
        """Run the program as `__main__` of this process, with its own `sys.argv` and `sys.path`."""
        main = types.ModuleType("__main__")
        main.__dict__["__builtins__"] = __builtins__
        if self.is_module:
            sys.path.insert(0, os.getcwd())  # noqa: PTH109
            spec = _find_main(self.name)
            file = str(spec.origin)
            main.__spec__, main.__package__, main.__loader__ = spec, spec.parent, spec.loader
        else:
            file = os.path.abspath(self.name)  # noqa: PTH100
            sys.path.insert(0, os.path.dirname(os.path.realpath(file)))  # noqa: PTH120
            main.__spec__ = None
            main.__loader__ = importlib.machinery.SourceFileLoader("__main__", file)
        main.__file__ = file
        sys.argv = [file if self.is_module else self.name, *self.arguments]
        sys.modules["__main__"] = main
        with io.open_code(file) as source:
            code = compile_source(source.read(), file)
        exec(code, main.__dict__)


def run_as_main(program: Program, compile_source: Compile, start: Callable[[], Stop]) -> None:
    """Run a program, and end as `python` would; measuring starts before its first line and stops after its last.

    Args:
        program: The program.
        compile_source: Compiles the source of `__main__`.
        start: Starts measuring, and returns the function that stops it.
    """

    def compiled(source: bytes, file: str) -> CodeType:
        code = compile_source(source, file)
        atexit.register(start())  # what is registered first runs last: exit handlers are part of the program
        return code

    try:
        program.run(compiled)
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001  (reported as the interpreter does)
        error.__traceback__ = _of_program(error.__traceback__)
        sys.excepthook(type(error), error, error.__traceback__)
        sys.exit(INTERRUPTED if isinstance(error, KeyboardInterrupt) else FAILED)


def _of_program(trace: TracebackType | None) -> TracebackType | None:
    """Return a traceback from the program's first frame on; None where it was not compiled yet."""
    while trace is not None and trace.tb_frame.f_globals.get("__name__") != "__main__":
        trace = trace.tb_next
    return trace


def _find_main(name: str) -> importlib.machinery.ModuleSpec:
    try:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            spec = importlib.util.find_spec(f"{name}.__main__")
            if spec is None:
                raise FileNotFoundError(f"package {name} cannot be run: it has no module __main__")
    except (ImportError, ValueError, AttributeError) as error:
        raise FileNotFoundError(f"no module {name}: {error}") from error
    if spec is None:
        raise FileNotFoundError(f"there is no module {name} on the path or in the current folder")
    return spec
