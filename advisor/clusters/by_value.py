"""Pickle functions and objects of advisor so that an interpreter without advisor can load them."""

from __future__ import annotations

import pickle
from types import ModuleType
from typing import Any

import cloudpickle


def pickle_by_value(thing: Any, *modules: ModuleType) -> bytes:
    """Pickle something with the code of the modules that it comes from, rather than their names."""
    registered = [module for module in modules if module.__name__ not in cloudpickle.list_registry_pickle_by_value()]
    for module in registered:
        cloudpickle.register_pickle_by_value(module)
    try:
        pickled: bytes = cloudpickle.dumps(thing)
    finally:
        for module in registered:
            cloudpickle.unregister_pickle_by_value(module)
    return pickled


class Unpickled:
    """Pickles as what it holds the pickle of: who loads it has the thing itself."""

    def __init__(self, pickled: bytes) -> None:
        self._pickled = pickled

    def __reduce__(self) -> tuple[Any, tuple[bytes]]:
        return pickle.loads, (self._pickled,)
