"""Import a target into a script: from a module, a file, or a method of an object."""

from __future__ import annotations

import inspect
import os
import sys
from pathlib import Path

from advisor.decide.codegen.script import Script, is_name
from advisor.models import Reached


def split_target(target: str | None) -> tuple[str, list[str]]:
    """Split 'pkg.mod:Class.method' into ('pkg.mod', ['Class', 'method']).

    The module or file is "" where it cannot be imported; the names are then kept if they can be used in a script.
    """
    module, _, name = (target or "").rpartition(":")
    names = name.split(".")
    if not all(map(is_name, names)):
        return "", []
    is_module = all(map(is_name, module.split("."))) and module not in ("__main__", "builtins")
    return module if is_module or is_file(module) else "", names


def needs_object(module: str, names: list[str], reached: Reached | None) -> bool:
    """Return True if the target is a method of an object that its class makes without arguments.

    Without a profile that says so, the module tells, if it is loaded; else the first letter of a class does.
    """
    if reached is not None or len(names) == 1:
        return reached == "object"
    owner = loaded_object(module, names[:-1])
    if owner is None:
        return names[-2][:1].isupper()
    return inspect.isclass(owner) and inspect.isfunction(inspect.getattr_static(owner, names[-1], None))


def loaded_object(module: str, names: list[str]) -> object | None:
    """Return the object of that name if its module is already loaded."""
    found: object | None = sys.modules.get(module)
    for name in names:
        found = inspect.getattr_static(found, name, None) if found is not None else None
    return found


def import_target(script: Script, module: str, names: list[str], *, on_object: bool, in_call: bool = False) -> str:
    """Import `names` of a module or file, and return the expression for the target.

    `on_object`: the target is a method of an object, which its class creates. `in_call`: a function of the
    script evaluates the expression in each call.
    """
    owner = _import_name(script, module, names[0])
    if len(names) == 1:
        return owner
    if in_call and not on_object:
        return ".".join([owner, *names[1:]])
    owner = ".".join([owner, *names[1:-1]])
    method = script.name_for(f"{module}:{'.'.join(names)}", names[-1])
    made, comment = ("()", "  # one object for all calls") if on_object else ("", "")
    script.setup.append(f"{method} = {owner}{made}.{names[-1]}{comment}")
    return method


def import_in_worker(script: Script, module: str, names: list[str]) -> str:
    """Write a function that imports the target where it is called, and return its name.

    A function of the script travels to a cluster with the objects that it names, such as one that cannot be pickled.
    """
    wrapper = script.name_for(f"call of {module}:{'.'.join(names)}", f"call_{names[-1]}")
    script.definitions.append(
        f"def {wrapper}(*args, **kwargs):\n"
        f"    from {module} import {names[0]}  # cannot be pickled: workers look it up here\n"
        "\n"
        f"    return {'.'.join(names)}(*args, **kwargs)"
    )
    return wrapper


def _import_name(script: Script, module: str, name: str) -> str:
    if is_file(module):
        names, folder = _module_of(Path(module))
        if not _is_importable(module, names):
            return f"{_load_file(script, Path(module))}.{name}"
        script.imports.add("import sys")
        if folder not in script.folders:
            script.folders.append(folder)
        module = ".".join(names)
    alias = script.name_for(f"{module}:{name}", name)
    script.modules.setdefault(module, []).append(name if alias == name else f"{name} as {alias}")
    return alias


def is_file(module: str) -> bool:
    """Return True if the module is given as the path of its file."""
    return module.endswith(".py") or "/" in module or os.sep in module


def _is_importable(file: str, names: list[str]) -> bool:
    """Return True unless it is a file like `my-script.py`, or one that would hide a module of the standard library."""
    return file.endswith(".py") and all(map(is_name, names)) and names[0] not in sys.stdlib_module_names


def _module_of(path: Path) -> tuple[list[str], str]:
    """Return the dotted name under which a file is imported, and the folder above its outermost package.

    A relative path stays one, but its packages may begin above the current folder.
    """
    folder = Path(os.path.abspath(path)).parent  # noqa: PTH100  (resolve() would follow links)
    names = [path.stem]
    while (folder / "__init__.py").is_file() and is_name(folder.name):
        names.insert(0, folder.name)
        folder = folder.parent
    return names, str(folder) if path.is_absolute() else os.path.relpath(folder)


def _load_file(script: Script, path: Path) -> str:
    """Load a file under a name of the script's own. Spawned workers run these lines too, so they find it."""
    stem = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in path.stem)
    name = script.name_for(str(path), f"module_{stem}")
    if path.suffix == ".py":
        spec = f"spec = importlib.util.spec_from_file_location({name!r}, {str(path)!r})"
    else:  # there is no .py suffix, so the loader is named explicitly
        script.imports.add("from importlib.machinery import SourceFileLoader")
        spec = f"spec = importlib.util.spec_from_loader({name!r}, SourceFileLoader({name!r}, {str(path)!r}))"
    script.imports |= {"import importlib.util", "import sys"}
    lines = [
        spec,
        f"{name} = importlib.util.module_from_spec(spec)",
        f"sys.modules[{name!r}] = {name}",
        f"spec.loader.exec_module({name})",
    ]
    script.setup += [line for line in lines if line not in script.setup]
    return name
