"""Replace objects that calls share in the user's module: by one for each thread, or by writes in the parent process.

The definitions are text, since scripts contain them; trial runs execute the same text.
"""

from __future__ import annotations

import ast
import builtins

from advisor.decide.codegen.script import Script, as_comment, is_name
from advisor.models import Machine, Profile, Strategy, Touch
from advisor.predict.shared_resources import remedied

ONE_PER_THREAD = '''\
class OnePerThread:
    """Create a separate object in each thread that uses it."""

    def __init__(self, make):
        self._make, self._local = make, threading.local()

    def _get(self):
        if not hasattr(self._local, "thing"):
            self._local.thing = self._make()
        return self._local.thing

    def __getattr__(self, name):
        return getattr(self._get(), name)

    def __enter__(self):
        return self._get().__enter__()

    def __exit__(self, *error):
        return self._get().__exit__(*error)
'''
RECORDER = '''\
NOTES = []  # writes of the current call in this worker


class Recorder:
    """Record in a worker what the parent process will write."""

    def __init__(self, name, thing):
        self._name = name
        self._thing = thing  # kept, so that this worker does not close it

    def __getattr__(self, method):
        def note(*args, **kwargs):
            depth = {"writerow": 1, "writerows": 2}.get(method, 0)
            NOTES.append(pickle.dumps((self._name, method, [plain(arg, depth) for arg in args], kwargs)))

        return note


def plain(thing, depth):
    """Return a value that can be sent to the parent: bytes for a memoryview, lists for iterators and rows."""
    if isinstance(thing, memoryview):
        return bytes(thing)
    if isinstance(thing, (Iterator, MappingView)) or (depth > 0 and not isinstance(thing, (str, bytes, Mapping))):
        return [plain(part, depth - 1) for part in thing]
    return thing
'''
_WORKER = """\
def use_recorders():
    for name in {names!r}:
        setattr({module}, name, Recorder(name, getattr({module}, name)))


def call_and_note(item):
    NOTES.clear()
    return {function}(item), NOTES.copy()


def write_notes(received):
    result, notes = received
    for name, method, args, kwargs in map(pickle.loads, notes):
        getattr(getattr({module}, name), method)(*args, **kwargs)
    return result
"""


def write_remedies(
    script: Script, target: str, function: str, strategy: Strategy, profile: Profile, machine: Machine
) -> str:
    """Write the code that makes a strategy safe for what calls share; return the function to call in the pool.

    `target` is the imported target itself, and `function` calls it.
    """
    touches = remedied(strategy, profile, machine)
    if not touches:
        return function
    module = _import_module(script, touches[0].module, target)
    if strategy == "threading":
        script.imports.add("import threading")
        script.definitions.append(ONE_PER_THREAD)
        script.before += [_one_per_thread(touch, module) for touch in touches]
        return function
    script.imports |= {
        "from collections.abc import Iterator, Mapping, MappingView",
        "import multiprocessing",
        "import pickle",
    }
    names = [touch.name for touch in touches]
    script.definitions += [RECORDER, _WORKER.format(module=module, function=function, names=names)]
    script.run += as_comment(
        f"Workers record what they would write to {' and '.join(names)}, and the parent process writes it in order. "
        "They must be forked: other workers would open it again."
    )
    script.pool_options += ['mp_context=multiprocessing.get_context("fork")', "initializer=use_recorders"]
    script.receive = "write_notes"
    return "call_and_note"


def _import_module(script: Script, module: str, target: str) -> str:
    """Return the script's name for the module that defines the target; it has been imported already."""
    stem = module.rpartition(".")[2]
    alias = script.name_for(f"{module}:", stem if is_name(stem) else "module")
    if module in script.modules:
        script.setup.append(f"import {module}" if alias == module else f"import {module} as {alias}")
    else:  # the target was imported through another module, or from a file under the script's own name
        script.imports.add("import sys")
        script.setup.append(f"{alias} = sys.modules[{target}.__module__]")
    return alias


def _one_per_thread(touch: Touch, module: str) -> str:
    making = ast.unparse(_Qualified(module).visit(ast.parse(touch.made_by, mode="eval")))
    return f"{module}.{touch.name} = OnePerThread(lambda: {making})"


class _Qualified(ast.NodeTransformer):
    """Qualify names with a module, except for built-in names."""

    def __init__(self, module: str) -> None:
        self._module = module

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if hasattr(builtins, node.id):
            return node
        return ast.Attribute(ast.Name(self._module, ast.Load()), node.id, ast.Load())
