"""Load a target: 'my_module:func', 'pkg.mod:Class.method' or 'path/to/file.py:func' → the callable."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ClassMethodDescriptorType, MethodDescriptorType, ModuleType, WrapperDescriptorType
from typing import Any, TypeVar

from advisor.errors import TargetError, UsageError
from advisor.target import notebook_file
from advisor.target.failures import run_user_code, runs_its_program

T = TypeVar("T")
_C_METHODS = (MethodDescriptorType, ClassMethodDescriptorType, WrapperDescriptorType)
_ALIAS = "advised_"  # begins the names of modules that no import would find


@dataclass(frozen=True, slots=True)
class LoadedTarget:
    """The callable that a spec names; `is_bound` if it is a method of an object that was made for the calls."""

    function: Callable[..., Any]
    is_bound: bool


def split_spec(spec: str) -> tuple[str, str]:
    """Split 'pkg.mod:Class.method' into module and name; raise UsageError if it is no such pair."""
    source, colon, name = spec.rpartition(":")
    if not colon or not source or not _is_dotted_name(name):
        raise UsageError(
            f"'{spec}' is not a target: write my_module:func, pkg.mod:Class.method or path/to/file.py:func"
        )
    return source, name


def load(spec: str) -> Callable[..., Any]:
    """Return the callable that the spec names, see `load_target`."""
    return load_target(spec).function


def load_target(spec: str) -> LoadedTarget:
    """Return the callable that the spec names, looked up from the current folder.

    Raises UsageError if there is no such function or calling it does no work, TargetError if importing it fails.
    """
    source, name = split_spec(spec)
    owner: Any = None
    function: Any = import_source(source, name)
    for attribute in name.split("."):
        owner = function
        try:
            function = getattr(owner, attribute)
        except AttributeError:
            raise UsageError(f"{source} has no function '{name}'{_suggestion(attribute, owner)}") from None
    if not callable(function):
        raise UsageError(f"{spec} is of type {type(function).__name__}, not a function")
    _refuse_command(function, spec)
    refuse_generator_function(function, spec)
    if not _is_instance_method(owner, attribute, function):
        return LoadedTarget(function, is_bound=False)
    method = _bind(owner, attribute, spec)
    refuse_generator_function(method, spec)
    return LoadedTarget(method, is_bound=True)


def find_attribute(thing: Any, dotted_name: str) -> Any:
    """Follow 'Class.method' from an object; raise AttributeError if a part is missing."""
    for part in dotted_name.split("."):
        thing = getattr(thing, part)
    return thing


def is_importable_as(function: Callable[..., Any], module: str | None, name: str) -> bool:
    """Return True if importing `name` from `module` gives this very function."""
    try:
        found = find_attribute(sys.modules.get(module or ""), name)
    except AttributeError:
        return False
    if inspect.ismethod(function) and inspect.ismethod(found):  # each access makes another bound method
        return found.__self__ is function.__self__ and found.__func__ is function.__func__
    return found is function


def refuse_generator_function(function: Callable[..., Any], name: str) -> None:
    """Raise UsageError for a generator function, whose calls do no work yet."""
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise no_work_error(f"{name} is a generator function")


def no_work_error(reason: str) -> UsageError:
    """Return the error for a target whose calls only make a generator."""
    return UsageError(f"{reason}: calling it only creates a generator. Name a function that consumes it")


def import_source(source: str, name: str) -> ModuleType:
    """Import a module by its dotted name or a file by its path, looked up from the current folder first.

    A notebook runs up to the definition of the name.
    """
    try:
        folder = str(Path.cwd())
    except FileNotFoundError:
        raise UsageError("the current folder does not exist any more") from None
    if folder not in sys.path:
        sys.path.insert(0, folder)
    if notebook_file.is_notebook(source):
        return notebook_file.load(source, name.partition(".")[0], _alias(Path(source)))
    if source.endswith(".py") or "/" in source or os.sep in source:
        return _import_file(Path(source))
    if not _is_dotted_name(source):
        raise UsageError(f"'{source}' is neither a module's name nor a path that ends in .py or .ipynb")
    return _import_module(source)


def import_aliased(files: Mapping[str, str]) -> None:
    """Import files under the aliases that `aliased_files` returned in another process.

    Workers that are not forked need it to unpickle functions of such files.
    """
    for alias, file in files.items():
        source, _, name = file.rpartition(":")
        if alias in sys.modules:
            continue
        if notebook_file.is_notebook(source):
            notebook_file.load(source, name, alias)
        else:
            _import_under_alias(alias, Path(file))


def aliased_files() -> dict[str, str]:
    """Return the files that were imported under an alias, because no import statement would find them."""
    loaded = list(sys.modules.items())
    files = {name: str(module.__file__) for name, module in loaded if name.startswith(_ALIAS)}
    return files | notebook_file.loaded_specs()


def _import_module(name: str) -> ModuleType:
    try:
        return _run_import(lambda: importlib.import_module(name), name)
    except TargetError as error:
        missing = error.__cause__
        # A module that `name` itself imports and that is missing is the target's failure, not a wrong spec.
        if isinstance(missing, ModuleNotFoundError) and f"{name}.".startswith(f"{missing.name}."):
            raise UsageError(f"no module named '{name}' in the current folder or among the installed ones") from None
        raise


def _import_file(path: Path) -> ModuleType:
    """Import a file under a name by which pool workers can import it too: its stem, with its packages' names.

    The name need not be an identifier: only an import statement cannot import `my-script`.
    """
    if not path.is_file():
        raise UsageError(f"no such file: {path}")
    path = path.resolve()
    parts = [path.stem if path.suffix == ".py" else path.name]
    root = path.parent
    while (root / "__init__.py").is_file() and root.parent != root:
        parts.insert(0, root.name)
        root = root.parent
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    name = ".".join(parts)
    if path.suffix == ".py" and not any("." in part for part in parts):
        loaded = sys.modules.get(name)
        if loaded is not None and getattr(loaded, "__file__", None) == str(path):
            return loaded
        if loaded is None and parts[0] not in sys.stdlib_module_names and (len(parts) > 1 or _finds(name, path)):
            return _import_module(name)
    return _import_under_alias(_alias(path), path)


def _finds(name: str, path: Path) -> bool:
    """Return True if importing `name` would load this file and no other."""
    spec = importlib.util.find_spec(name)
    return spec is not None and bool(spec.origin) and Path(str(spec.origin)).resolve() == path


def _alias(path: Path) -> str:
    """Return the name for a file whose own name belongs to another module, has a dot in it, or does not end in .py."""
    alias = _ALIAS + "".join(c if c.isalnum() else "_" for c in path.stem)
    while alias in sys.modules and sys.modules[alias].__file__ != str(path):  # another file has a similar name
        alias += "_"
    return alias


def _import_under_alias(alias: str, path: Path) -> ModuleType:
    """Import a file under an alias, once."""
    if alias in sys.modules:
        return sys.modules[alias]
    spec = importlib.util.spec_from_file_location(alias, path)  # None for an unknown ending
    spec = spec or importlib.util.spec_from_loader(alias, SourceFileLoader(alias, str(path)))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[alias] = module
    loader = spec.loader
    try:
        _run_import(lambda: loader.exec_module(module), path.name)
    except BaseException:
        del sys.modules[alias]
        raise
    return module


def _run_import(load_module: Callable[[], T], name: str) -> T:
    """Import with `load_module`; if a script runs its program on import, raise an error that says what to do."""
    try:
        return run_user_code(load_module, f"importing {name}")
    except TargetError as error:
        if error.__cause__ is not None and runs_its_program(error.__cause__):
            raise TargetError(
                f"{error}: {name} runs its program when it is imported; put the program under `if __name__ == "
                f'"__main__":`',
                traceback=error.traceback,
            ) from error.__cause__
        raise


def _is_dotted_name(text: str) -> bool:
    return all(part.isidentifier() for part in text.split("."))


def _suggestion(name: str, owner: Any) -> str:
    names = [name for name in dir(owner) if not name.startswith("_") and callable(getattr(owner, name, None))]
    matches = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    return "; did you mean " + " or ".join(f"'{match}'" for match in matches) + "?" if matches else ""


def _refuse_command(function: Any, spec: str) -> None:
    """Raise UsageError for a command of click or Typer: calling it parses the command line of this process."""
    click, typer = sys.modules.get("click"), sys.modules.get("typer")
    if typer is not None and isinstance(function, typer.Typer):
        raise UsageError(f"{spec} is a Typer application: name the function of one of its commands")
    if click is None or not isinstance(function, click.Command):
        return
    if isinstance(function, click.Group):
        raise UsageError(f"{spec} is a click group: name one of its commands' callbacks, my_module:command.callback")
    raise UsageError(
        f"{spec} is a click command, which parses a command line: name the function inside it, {spec}.callback, and "
        f"give it {_parameters(function.callback)} with --inputs"
    )


def _parameters(function: Any) -> str:
    try:
        names = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        names = []
    return f"all its arguments ({', '.join(names)})" if names else "its arguments"


def _is_instance_method(owner: Any, name: str, function: Any) -> bool:
    """Return True if a class attribute is a function, or binds like one, and so needs an object of the class.

    A method of a type in C is not bound: `builtins:str.upper` gets its object as the argument of a call.
    """
    if not inspect.isclass(owner) or getattr(function, "__self__", None) is not None:
        return False
    static = inspect.getattr_static(owner, name, None)
    return hasattr(type(static), "__get__") and not isinstance(static, (staticmethod, *_C_METHODS))


def _bind(owner: type, name: str, spec: str) -> Callable[..., Any]:
    """Bind a method to an object that its class makes without arguments, the same one for every call."""
    try:
        inspect.signature(owner).bind()
    except (TypeError, ValueError):
        raise UsageError(
            f"{spec} is a method and {owner.__name__}() needs arguments: "
            "name a function that creates the object and calls the method"
        ) from None
    instance: Any = run_user_code(owner, f"making {owner.__name__}()")
    return getattr(instance, name)  # type: ignore[no-any-return]
