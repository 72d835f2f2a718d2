"""Functions whose calls are recorded look like the original, also to code that keeps them."""

from __future__ import annotations

import copy
import os
import pickle
from types import BuiltinFunctionType, FunctionType

import pytest

from advisor.measure.shared_state.noting import Watched, noting


@pytest.mark.parametrize(("module", "kind"), [("os", BuiltinFunctionType), ("tempfile", FunctionType)])
def test_a_kept_function_is_of_its_own_type_and_stops_noting(module: str, kind: type) -> None:
    """After the block it calls the original only."""
    name = {"os": "getcwd", "tempfile": "gettempdir"}[module]
    imported = __import__(module)
    function = getattr(imported, name)
    noted: list[str] = []
    with noting([Watched(module, name, lambda: noted.append(name))]):
        kept = getattr(imported, name)
        assert isinstance(kept, kind)
        assert callable(kept)
        kept()
    assert getattr(imported, name) is function
    assert kept() == function()
    assert noted == [name]
    assert kept == function
    assert pickle.loads(pickle.dumps(kept)) is copy.copy(kept) is function


def test_a_call_may_keep_and_check_a_function() -> None:
    """As a class does that opens its files with what it was given first."""
    kept = []
    with noting([Watched("builtins", "open", lambda *args: None)]):
        kept.append(open)
        assert isinstance(kept[0], BuiltinFunctionType)
    with kept[0](os.devnull) as file:
        assert file.read() == ""
