"""`my_module:func` and its inputs → a callable and its calls. Imports what it is told to: in the target's process."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import inspect
import json
import os
import pickle
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.machinery import SourceFileLoader
from itertools import chain, cycle, islice
from pathlib import Path
from types import ClassMethodDescriptorType, MethodDescriptorType, ModuleType, WrapperDescriptorType
from typing import Any, TypeVar

from advisor.errors import TargetError, UsageError
from advisor.limits import MAX_COPIED_BYTES, MAX_INPUTS

T = TypeVar("T")
STANDARD_INPUT = "advisor-inputs-"  # how the name of the file begins that holds what stood on standard input ...
PIPE = "advisor-piped-"  # ... or came through another pipe
_IN_C = (MethodDescriptorType, ClassMethodDescriptorType, WrapperDescriptorType)
_OWN_FOLDER = str(Path(__file__).parent.parent) + os.sep
_STANDARD_LIBRARY = str(Path(os.__file__).parent) + os.sep
# Frames between ours and the user's: how a module is imported, and how an event loop runs a coroutine.
_BETWEEN = (
    "<frozen importlib",
    f"{_STANDARD_LIBRARY}importlib{os.sep}",
    f"{_STANDARD_LIBRARY}asyncio{os.sep}runners.py",
    f"{_STANDARD_LIBRARY}asyncio{os.sep}base_events.py",
)


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments of one call; `where` says which line of which file they came from."""

    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    where: str = ""


def split_spec(spec: str) -> tuple[str, str]:
    """'pkg.mod:Class.method' → ('pkg.mod', 'Class.method').

    Raises UsageError when it is no such pair of names.
    """
    place, colon, name = spec.rpartition(":")
    if not colon or not place or not name or not all(part.isidentifier() for part in name.split(".")):
        raise UsageError(f"'{spec}' is no target: write my_module:func, pkg.mod:Class.method or path/to/file.py:func")
    return place, name


def load(spec: str) -> Callable[..., Any]:
    """The callable that `spec` names, looked up from the current folder.

    Raises UsageError when there is no such module or function, TargetError when importing it fails.
    """
    return find(spec).function


@dataclass(frozen=True, slots=True)
class Found:
    """What a spec names; `on_object`: a method, bound to an object of its class that was made for the calls."""

    function: Callable[..., Any]
    on_object: bool


def find(spec: str) -> Found:
    """As `load`, and how code gets at the callable."""
    place, name = split_spec(spec)
    module = _import(place)
    found: Any = module
    owner: Any = None
    for part in name.split("."):
        owner = found
        try:
            found = getattr(owner, part)
        except AttributeError:
            raise UsageError(f"{place} has no function '{name}'{_similar(part, owner)}") from None
    if not callable(found):
        raise UsageError(f"{spec} is of type {type(found).__name__}, not a function")
    refuse_generator(found, spec)
    last = name.rpartition(".")[2]
    if _needs_an_object(owner, last, found):
        bound = _bound(owner, last, spec)
        refuse_generator(bound, spec)
        return Found(bound, on_object=True)
    return Found(found, on_object=False)


def _needs_an_object(owner: Any, name: str, found: Any) -> bool:
    """Whether what was found in a class is a method of its objects: a function, or what binds as one does.

    That of a type in C is left as it is: `builtins:str.upper` takes its object as the argument of a call.
    """
    if not inspect.isclass(owner) or getattr(found, "__self__", None) is not None:
        return False
    kept = inspect.getattr_static(owner, name, None)
    return hasattr(type(kept), "__get__") and not isinstance(kept, (staticmethod, *_IN_C))


def is_named(function: Callable[..., Any], module: str | None, name: str) -> bool:
    """Whether `name` in a loaded module is this very function, so that code which imports it calls the same."""
    found: Any = sys.modules.get(module or "")
    for part in name.split("."):
        found = getattr(found, part, None)
    if inspect.ismethod(function) and inspect.ismethod(found):  # each look at a method makes one anew
        return found.__self__ is function.__self__ and found.__func__ is function.__func__
    return found is function


def refuse_generator(function: Callable[..., Any], name: str) -> None:
    """Raise UsageError for a function whose call does nothing yet."""
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise lazy(f"{name} is a generator function")


def lazy(what: str) -> UsageError:
    return UsageError(f"{what}: calling it does no work yet; name one that consumes it")


def _bound(owner: type, name: str, spec: str) -> Callable[..., Any]:
    """A method needs an object: one made without arguments, the same for every call."""
    try:
        inspect.signature(owner).bind()
    except (TypeError, ValueError):
        raise UsageError(
            f"{spec} is a method and {owner.__name__}() needs arguments: name a function that makes it"
        ) from None
    instance = _running(owner, f"making {owner.__name__}()")
    return getattr(instance, name)  # type: ignore[no-any-return]


def _import(place: str) -> ModuleType:
    try:
        here = str(Path.cwd())
    except FileNotFoundError:
        raise UsageError("the current folder does not exist any more") from None
    if here not in sys.path:
        sys.path.insert(0, here)
    if place.endswith(".py") or "/" in place or os.sep in place:
        return _import_file(Path(place))
    if not all(part.isidentifier() for part in place.split(".")):
        raise UsageError(f"'{place}' is neither a module's name nor a path that ends in .py")
    return _import_module(place)


def _import_module(name: str) -> ModuleType:
    try:
        module: ModuleType = _running(lambda: importlib.import_module(name), f"importing {name}")
        return module
    except TargetError as error:
        missing = error.__cause__
        parents = [name.rsplit(".", cut)[0] for cut in range(name.count(".") + 1)]
        if isinstance(missing, ModuleNotFoundError) and missing.name in parents:
            raise UsageError(f"no module named '{name}' in the current folder or among the installed ones") from None
        raise


def _import_file(path: Path) -> ModuleType:
    """Import a file by the name under which pool workers can import it too: its package's, or its stem."""
    if not path.is_file():
        raise UsageError(f"no such file: {path}")
    path = path.resolve()
    names = [path.stem if path.suffix == ".py" else path.name]
    root = path.parent
    while (root / "__init__.py").is_file() and root.parent != root:
        names.insert(0, root.name)
        root = root.parent
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    name = ".".join(names)
    if path.suffix == ".py" and all(part.isidentifier() for part in names):
        known = sys.modules.get(name)
        if known is None and names[0] not in sys.stdlib_module_names:
            found = importlib.util.find_spec(name) if len(names) == 1 else None
            if len(names) > 1 or (found is not None and found.origin and Path(found.origin).resolve() == path):
                return _import_module(name)
        elif known is not None and getattr(known, "__file__", None) == str(path):
            return known
    # The name is no identifier, is taken by another module, or has no .py: load the file under a name of its own.
    alias = "advised_" + "".join(c if c.isalnum() else "_" for c in path.stem)
    spec = importlib.util.spec_from_file_location(alias, path)  # None where the ending says nothing
    spec = spec or importlib.util.spec_from_loader(alias, SourceFileLoader(alias, str(path)))
    assert spec is not None
    assert spec.loader is not None
    loader = spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[alias] = module
    _running(lambda: loader.exec_module(module), f"importing {path.name}")
    return module


def _similar(name: str, owner: Any) -> str:
    names = [n for n in dir(owner) if not n.startswith("_") and callable(getattr(owner, n, None))]
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if close:
        return "; did you mean " + " or ".join(f"'{n}'" for n in close) + "?"
    return ""


def _running(function: Callable[[], Any], doing: str) -> Any:
    """Run the user's code; whatever it raises becomes a TargetError with the user's own traceback."""
    try:
        return function()
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except SystemExit as error:
        raise TargetError(f"{doing} called sys.exit({'' if error.code is None else repr(error.code)})") from error
    except BaseException as error:
        raise failure(error, doing) from error


def failure(error: BaseException, doing: str) -> TargetError:
    """The TargetError for what the user's code raised while `doing` something."""
    if isinstance(error, SystemExit):
        return TargetError(f"{doing} called sys.exit({'' if error.code is None else repr(error.code)})")
    try:
        text = str(error).strip().splitlines()
    except Exception:  # noqa: BLE001  (the user's own __str__)
        text = []
    name = type(error).__qualname__
    return TargetError(f"{doing} raised {name}" + (f": {text[0][:300]}" if text else ""), traceback=users_frames(error))


def users_frames(error: BaseException) -> str:
    """The traceback of `error` without the frames of advisor, of the import machinery and of the event loop."""
    report = traceback.TracebackException.from_exception(error)
    seen: set[int] = set()

    def cut(part: traceback.TracebackException | None) -> None:
        if part is None or id(part) in seen:
            return
        seen.add(id(part))
        kept = [f for f in part.stack if not f.filename.startswith((_OWN_FOLDER, *_BETWEEN))]
        part.stack = traceback.StackSummary.from_list(kept)
        cut(part.__cause__)
        cut(part.__context__)

    cut(report)
    return "".join(report.format(chain=True))


def load_calls(inputs: str | None, *, limit: int = MAX_INPUTS) -> list[Call] | None:
    """The calls that `--inputs` names, None when it names none.

    A `.jsonl` file is JSON Lines, any other file is text, a line an argument; 'my_module:make_inputs' is a callable
    that returns or yields the arguments. Raises UsageError that says which line of what is wrong.
    """
    if inputs is None:
        return None
    path = Path(inputs)
    if path.is_file():
        calls = _from_file(path, limit)
    elif ":" in inputs and path.suffix != ".jsonl":
        calls = _from_callable(inputs, limit)
    elif path.exists():
        raise UsageError(f"the inputs {inputs} are no file")
    else:
        raise UsageError(f"no such inputs file: {inputs}")
    if not calls:
        raise UsageError(f"{_shown(path)} holds no inputs")
    return calls


def _shown(path: Path) -> str:
    """The file as the user knows it."""
    if path.name.startswith(PIPE):
        return "the inputs' pipe"
    return "standard input" if path.name.startswith(STANDARD_INPUT) else str(path)


def _from_file(path: Path, limit: int) -> list[Call]:
    try:
        with path.open(encoding="utf-8-sig") as lines:
            numbered = ((n, line.rstrip("\r\n")) for n, line in enumerate(lines, 1))
            filled = ((n, line) for n, line in numbered if line.strip())
            read = _json_call if path.suffix == ".jsonl" else _text_call
            shown = _shown(path)
            return _limited((read(line, f"line {n} of {shown}") for n, line in filled), limit, shown)
    except OSError as error:
        raise UsageError(f"cannot read the inputs {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"cannot read the inputs {path}: it is not UTF-8 text") from None


def _text_call(line: str, where: str) -> Call:
    return Call((line,), where=where)


def _json_call(line: str, where: str) -> Call:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where} is not JSON: {error}") from None
    if isinstance(value, dict) and value and set(value) <= {"args", "kwargs"}:
        args, kwargs = value.get("args", []), value.get("kwargs", {})
        if not isinstance(args, list) or not isinstance(kwargs, dict):
            raise UsageError(f"{where}: 'args' must be a list and 'kwargs' an object")
        return Call(tuple(args), kwargs, where)
    return Call((value,), where=where)


def looks_like_json_lines(text: str) -> bool:
    """How standard input, which has no name, tells JSON Lines from text.

    JSON Lines have a JSON object, or are all JSON but for lines that begin like it. One broken line among them is a
    mistake to be told, which would be hidden if it turned all the others into text.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    objects = values = 0
    others = []
    for line in lines:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            others.append(line)
            continue
        values += 1
        objects += isinstance(value, dict)
    return objects > 0 or (values > 0 and all(line.lstrip().startswith(("{", "[", '"')) for line in others))


def _from_callable(spec: str, limit: int) -> list[Call]:
    place, name = split_spec(spec)
    made: Any = _import(place)
    for part in name.split("."):
        made = getattr(made, part, None)
    if not callable(made):
        raise UsageError(f"no such inputs: {place} has no function '{name}'")
    make = made

    def collect() -> list[Call]:
        values = make()
        if not isinstance(values, Iterable):
            raise UsageError(f"{spec} returned {type(values).__name__}, not the arguments of the calls")
        return _limited((as_call(value, f"input {n} of {spec}") for n, value in enumerate(values, 1)), limit, spec)

    try:
        return collect()
    except UsageError:
        raise
    except Exception as error:
        raise failure(error, f"making the inputs with {spec}") from error


def as_call(value: Any, where: str = "") -> Call:
    """One input of the Python interface: a Call as it is, anything else one positional argument."""
    return value if isinstance(value, Call) else Call((value,), where=where)


def calls_of(inputs: Iterable[Any] | None) -> list[Call] | None:
    """The calls of the Python interface's inputs. Raises UsageError for what gives none, or more than can be used."""
    if inputs is None:
        return None
    if not isinstance(inputs, Iterable):
        raise UsageError(f"inputs of type {type(inputs).__name__} are not the arguments of the calls: pass a list")
    calls = _limited((as_call(value, f"input {n}") for n, value in enumerate(inputs, 1)), MAX_INPUTS, "inputs")
    if not calls:
        raise UsageError("there are no inputs: pass one for each call, or None for a function without arguments")
    return calls


def repeated(arguments: Sequence[T], count: int) -> list[T]:
    """As many arguments as that: the ones given, and copies of them when they run out.

    Copies, since a chunk for a process pool carries each object once, however often it occurs in it: with the same
    objects over and over, sending a thousand calls would cost as little as sending ten. What calls have in common, they
    have in common in the copies too. The same objects serve where they can't be pickled, or take too much memory.
    """
    rounds = -(-count // len(arguments))
    whole = list(arguments)
    with suppress(Exception):
        if rounds > 1 and len(first := pickle.dumps(arguments[:1])) * count <= MAX_COPIED_BYTES:
            copied = pickle.dumps(whole) if len(whole) > 1 else first
            if len(copied) * rounds <= MAX_COPIED_BYTES:
                return list(chain(whole, *(pickle.loads(copied) for _ in range(rounds - 1))))[:count]
    return list(islice(cycle(whole), count))


def _limited(calls: Iterator[Call], limit: int, where: str) -> list[Call]:
    taken = list(islice(calls, limit + 1))
    if len(taken) > limit:
        raise UsageError(f"{where} gives more than {limit:,} inputs: pass a part of them and --calls")
    return taken


def refuse_missing_arguments(function: Callable[..., Any], error: TargetError, name: str) -> None:
    """Raise UsageError when a call without arguments failed for want of them, in a builtin that has no signature."""
    try:
        inspect.signature(function)
    except (TypeError, ValueError):
        # The user's own frames would mean that the call got as far as code of theirs.
        if isinstance(error.__cause__, TypeError) and 'File "' not in error.traceback:
            raise _needs_arguments(name) from None


def _needs_arguments(what: str) -> UsageError:
    return UsageError(f"{what} needs arguments: give them with --inputs FILE or my_module:make_inputs")


def check_arguments(function: Callable[..., Any], calls: Sequence[Call] | None, name: str) -> None:
    """Raise UsageError when the arguments do not fit the function's signature, or are needed and missing."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return  # builtins do not tell; the call itself will: `refuse_missing_arguments`
    if calls is None:
        try:
            signature.bind()
        except TypeError:
            raise _needs_arguments(f"{name}{signature}") from None
        return
    for call in calls:
        try:
            signature.bind(*call.args, **call.kwargs)
        except TypeError as error:
            raise UsageError(f"{call.where or 'an input'} does not fit {name}{signature}: {error}") from None
