"""Code that runs in the workers of a cluster.

It is sent by value, so that workers need not have advisor installed, and uses the standard library only.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import pickle
import sys
import threading
from collections import OrderedDict
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

MAX_PROGRAMS = 8  # that a worker keeps loaded
MAX_SHARED = 8  # large pieces of data that a Ray actor keeps
MAX_BEGUN = 10_000  # tickets; those whose news may still be on its way to the client are far fewer


class WithdrawnError(Exception):
    """The client has taken back the task before it began."""


class Station:
    """Runs the tasks of one client in a worker process."""

    def __init__(self) -> None:
        self._programs: OrderedDict[bytes, Any] = OrderedDict()
        self._loading = threading.RLock()
        self._tickets = threading.Lock()
        self._begun: OrderedDict[int, None] = OrderedDict()
        self._withdrawn: set[int] = set()

    def __reduce__(self) -> tuple[Any, tuple[()]]:
        return type(self), ()  # without what it has loaded, should a worker move it to another one

    def __call__(self, ticket: int, program: bytes, payload: bytes, *shared: bytes) -> bytes:
        """Run a pickled program, unless its task was withdrawn, and return what it returns."""
        with self._tickets:
            if ticket in self._withdrawn:
                self._withdrawn.discard(ticket)
                raise WithdrawnError
            self._begun[ticket] = None
            if len(self._begun) > MAX_BEGUN:
                self._begun.popitem(last=False)
        result: bytes = self._load(program)(payload, *shared)
        return result

    def withdraw(self, ticket: int) -> bool:
        """Return True, and never begin the task, if it has not begun."""
        with self._tickets:
            if ticket in self._begun:
                return False
            self._withdrawn.add(ticket)
            return True

    def _load(self, program: bytes) -> Any:
        """Return the function of a program, which is loaded once."""
        with self._loading:
            if program in self._programs:
                self._programs.move_to_end(program)
            else:
                self._programs[program] = pickle.loads(program)
                if len(self._programs) > MAX_PROGRAMS:
                    self._programs.popitem(last=False)
            return self._programs[program]


class RayStation(Station):
    """A station that is a Ray actor, and keeps the data that tasks share: Ray would copy it for each of them."""

    def __init__(self) -> None:
        super().__init__()
        self._data: OrderedDict[str, bytes] = OrderedDict()
        self._fetching = threading.Lock()

    def run(self, ticket: int, payload: bytes, program: Any, *shared: Any) -> bytes:
        """Run a program; it and the shared data are bytes, or lists of one reference."""
        return self(ticket, self._fetch(program), payload, *map(self._fetch, shared))

    def ready(self) -> None:
        """Return once the actor is there."""

    def live(self) -> None:
        """Never return, so that the client learns of the end of the actor."""
        threading.Event().wait()

    def _fetch(self, data: Any) -> bytes:
        if isinstance(data, bytes):
            return data
        import ray

        reference = data[0]
        with self._fetching:
            if reference.hex() not in self._data:
                self._data[reference.hex()] = ray.get(reference)
                if len(self._data) > MAX_SHARED:
                    self._data.popitem(last=False)
            self._data.move_to_end(reference.hex())
            return self._data[reference.hex()]


def withdraw_from_dask(key: str, ticket: int, dask_worker: Any) -> bool:
    """Withdraw a task from the station that a Dask worker keeps under a key."""
    station = dask_worker.data.get(key)
    return station is not None and bool(station.withdraw(ticket))


class Shipment:
    """A pickled program with the user's modules that it needs: who unpickles it gets the program."""

    def __init__(self, sources: dict[str, tuple[bytes, str, bool]], program: bytes) -> None:
        self._sources = sources
        self._program = program

    def __reduce__(self) -> tuple[Any, tuple[Any, bytes]]:
        return unpack, (self._sources, self._program)


def unpack(sources: dict[str, tuple[bytes, str, bool]], program: bytes) -> Any:
    """Make modules importable, and load the program."""
    if sources:
        provide(sources)
    return pickle.loads(program)


def provide(sources: dict[str, tuple[bytes, str, bool]]) -> None:
    """Make modules importable from memory, and have those imported again that were loaded from other sources.

    All of them are dropped if one is stale, since others may hold functions of it.
    """
    stale = any(_is_stale(sys.modules[name], *sources[name]) for name in sources if name in sys.modules)
    sys.meta_path[:] = [finder for finder in sys.meta_path if not _is_replaced(finder, sources)]
    if not any(getattr(finder, "advisor_sources", None) == sources for finder in sys.meta_path):
        sys.meta_path.insert(0, SourceFinder(sources))
    if stale:
        for name in sources:
            sys.modules.pop(name, None)


def _is_stale(module: ModuleType, text: bytes, file: str, package: bool) -> bool:
    loaded = getattr(getattr(module, "__spec__", None), "loader", None)
    shipped = getattr(loaded, "advisor_text", None)
    if shipped is None:
        try:
            shipped = Path(module.__file__ or "").read_bytes() if file else text
        except OSError:
            return True
    return bool(shipped != text)


def _is_replaced(finder: Any, sources: dict[str, tuple[bytes, str, bool]]) -> bool:
    """Return True for the finder of an earlier job whose modules are out of date."""
    earlier = getattr(finder, "advisor_sources", None)
    return earlier is not None and any(name in sources and sources[name] != earlier[name] for name in earlier)


class SourceFinder(MetaPathFinder):
    """Finds modules whose sources came from the client."""

    def __init__(self, sources: dict[str, tuple[bytes, str, bool]]) -> None:
        self.advisor_sources = sources

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """Return the spec of a module that was sent."""
        if fullname not in self.advisor_sources:
            return None
        text, file, package = self.advisor_sources[fullname]
        loader = SourceLoader(text, file)
        spec = importlib.util.spec_from_loader(fullname, loader, origin=file or None, is_package=package)
        if spec is not None and file:
            spec.has_location = True  # so that the module has a __file__, though it may exist on the client only
            if package:
                spec.submodule_search_locations = [str(Path(file).parent)]
        return spec


class SourceLoader(InspectLoader):
    """Loads a module from a source in memory."""

    def __init__(self, text: bytes, file: str) -> None:
        self.advisor_text = text
        self._file = file

    def get_source(self, fullname: str) -> str:
        """Return the source, for tracebacks."""
        return importlib.util.decode_source(self.advisor_text)

    def get_code(self, fullname: str) -> Any:
        """Compile the source."""
        return compile(self.advisor_text, self._file or f"<{fullname}>", "exec", dont_inherit=True)

    def is_package(self, fullname: str) -> bool:
        """Return False: the spec tells."""
        return False


def look(payload: bytes) -> bytes:
    """Return the distributions' versions of each package, None if it is missing, and the modules that are missing."""
    packages, modules = pickle.loads(payload)
    found = {name: _versions(here) if _is_there(name) else None for name, here in packages.items()}
    return pickle.dumps((found, [name for name in modules if not _is_there(name)]))


def _is_there(name: str) -> bool:
    try:
        return name in sys.modules or importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _versions(distributions: Any) -> dict[str, str]:
    versions = {}
    for name in distributions:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions
