"""The names that a function uses are read from its bytecode once, those of inner functions too."""

from __future__ import annotations

from typing import Any

from advisor.measure.shared_state.attribute_chains import names_in

TOTAL = 0
HANDLE: Any = None


def use_names(box: Any) -> Any:
    global TOTAL
    TOTAL = 1
    box.label = HANDLE.first.second
    return [lambda number: HANDLE.inner(number) for _ in box.parts]


def test_names_are_told_by_what_is_done_with_them() -> None:
    """Return the names that a function and the functions inside it read, set or take from their module."""
    names = names_in(use_names.__code__)
    assert names.loads >= {"HANDLE", "first", "second", "inner", "box", "parts", "number"}
    assert names.stores == {"label"}
    assert names.globals == {"TOTAL", "HANDLE"}
    chains = {(chain.root, chain.attributes, chain.stored) for chain in names.chains}
    assert {("HANDLE", ("first", "second"), ""), ("HANDLE", ("inner",), ""), ("box", (), "label")} <= chains


def test_code_is_taken_apart_once() -> None:
    """Looking at a function again costs no second pass over its bytecode."""
    assert names_in(use_names.__code__) is names_in(use_names.__code__)
